// What the vendor's own build of Cedar for JavaScript says of the schema and the policies of a policy store, as JSON: its version, what its
// strict validation finds, and its answers to requests.
//
//   node check.js MODULES FILE
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [modules, file] = process.argv.slice(2);
const place = path.join(modules, '@cedar-policy/cedar-wasm');
const cedar = require(path.join(place, 'nodejs'));
const { version } = JSON.parse(fs.readFileSync(path.join(place, 'package.json'), 'utf8'));
const { schema: text, policies, requests } = JSON.parse(fs.readFileSync(file, 'utf8'));

const schema = JSON.parse(text);
const found = [];
const parsed = cedar.checkParseSchema(schema);
if (parsed.type !== 'success') {
  found.push(`schema: ${JSON.stringify(parsed.errors)}`);
}
const staticPolicies = Object.fromEntries(policies);
const checked = cedar.validate({
  validationSettings: { mode: 'strict' },
  schema,
  policies: { staticPolicies },
});
if (checked.type === 'success') {
  // Other warnings are about names, such as those of the groups of actions.
  const never = checked.validationWarnings.filter(({ error }) => error.message.includes('impossible'));
  const all = [...checked.validationErrors, ...never];
  found.push(...all.map(({ policyId, error }) => `${policyId}: ${error.message}`));
} else {
  found.push(...checked.errors.map(({ message }) => message));
}
// The groups of actions come from the schema, as in the service.
const answers = requests.map(({ principal, action, resource, entities }) => {
  const answer = cedar.isAuthorized({
    principal,
    action,
    resource,
    context: {},
    schema,
    validateRequest: true,
    policies: { staticPolicies },
    entities,
  });
  if (answer.type !== 'success') {
    return { error: answer.errors.map(({ message }) => message).join('\n') };
  }
  const { decision, diagnostics } = answer.response;
  return { decision, reason: diagnostics.reason, errors: diagnostics.errors.length };
});
process.stdout.write(`${JSON.stringify({ version, found, answers })}\n`);
