// What the diff of the AWS CDK says about pairs of templates in `tests/review`, beside what `lakewright diff` says, as Markdown tables.
//
//   node review.mjs MODULES LAKEWRIGHT
//
// MODULES is a folder `node_modules` with `@aws-cdk/cloudformation-diff` and `yaml`, LAKEWRIGHT the program. The right verdicts are
// those that each pair expects (`tests/review/README.md`).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, lakewright] = process.argv.slice(2);
if (lakewright === undefined) {
  console.error('usage: node review.mjs MODULES LAKEWRIGHT');
  process.exit(2);
}
const require = createRequire(path.join(path.resolve(modules), 'review.js'));
const { fullDiff } = require('@aws-cdk/cloudformation-diff');
const yaml = require('yaml');
const pairs = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'review');

// The changes of access that are compared, in the order of the table: equal and narrower access first.
const ACCESS = [
  'statement-split',
  'redundant-action',
  'narrowed-to-one-action',
  'condition-added',
  'allow-under-deny',
  'condition-dropped',
  'deny-narrowed-by-condition',
  'key-policy-principal',
  'bucket-policy-principal',
  'access-point-policy-principal',
  'managed-policy-swapped',
  'boundary-taken',
  'lake-grant-added',
  'lake-administrator-added',
  'cells-filter-columns-added',
  'public-access-block-lifted',
];
// The templates alone do not determine what happens in these pairs: a schema is not pinned, a parameter has no value. What they expect
// is our caution, and no fact about CloudFormation.
const CAUTION = ['condition-of-a-parameter', 'function-code'];
// Our word for what the CDK calls the impact on a resource.
const IMPACTS = {
  NO_CHANGE: 'unchanged',
  WILL_CREATE: 'created',
  WILL_UPDATE: 'updated',
  MAY_REPLACE: 'may-replace',
  WILL_REPLACE: 'replaced',
  WILL_DESTROY: 'deleted',
  WILL_ORPHAN: 'retained',
};

// The tags of CloudFormation's short forms, as the CDK's command line reads them.
const TAGS = ['Base64', 'Cidr', 'FindInMap', 'GetAZs', 'ImportValue', 'Join', 'Sub', 'Select', 'Split', 'Transform', 'And', 'Equals',
  'If', 'Not', 'Or', 'GetAtt', 'Ref', 'Condition'].flatMap((name) => {
  const key = ['Ref', 'Condition'].includes(name) ? name : `Fn::${name}`;
  const tag = `!${name}`;
  const resolve = (value) => ({ [key]: typeof value === 'string' ? value : value.toJSON() });
  return [{ tag, resolve }, { tag, collection: 'seq', resolve }, { tag, collection: 'map', resolve }];
});

const template = (text) => yaml.parse(text, { customTags: TAGS, schema: 'core', uniqueKeys: false });

const read = (kind, name) => yaml.parse(fs.readFileSync(path.join(pairs, kind, `${name}.yaml`), 'utf8'), { schema: 'failsafe' });

// The CDK's differences of the templates of a pair.
function others({ before, after }) {
  const files = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...files].map((file) => fullDiff(template(before[file] ?? '{}'), template(after[file] ?? '{}')));
}

// The pair with each AWS::IAM::RolePolicy as the AWS::IAM::Policy of the same role, which is the type that the CDK makes itself.
function withPolicies(pair) {
  const convert = ([file, text]) => {
    const content = template(text);
    for (const resource of Object.values(content.Resources)) {
      if (resource.Type === 'AWS::IAM::RolePolicy') {
        const { RoleName, ...rest } = resource.Properties;
        Object.assign(resource, { Type: 'AWS::IAM::Policy', Properties: { ...rest, Roles: [RoleName] } });
      }
    }
    return [file, JSON.stringify(content)];
  };
  const [before, after] = [pair.before, pair.after].map((texts) => Object.fromEntries(Object.entries(texts).map(convert)));
  return { ...pair, before, after };
}

// Our review of a pair.
function ours(pair) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'review-'));
  try {
    for (const side of ['before', 'after']) {
      fs.mkdirSync(path.join(folder, side));
      for (const [file, text] of Object.entries(pair[side])) {
        fs.writeFileSync(path.join(folder, side, file), text);
      }
    }
    const place = ['--account', '111122223333', '--region', 'us-east-1'];
    const run = spawnSync(lakewright, ['diff', 'before', 'after', '--format', 'json', ...place], { cwd: folder, encoding: 'utf8' });
    if (run.status !== 0) {
      throw new Error(`${lakewright} failed: ${run.error ?? run.stderr}`);
    }
    return JSON.parse(run.stdout);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

// One word for the relations of all principals. An unknown one counts as broader in `--fail-on`, and is named here.
function relation(relations) {
  for (const word of ['broader', 'incomparable', 'unknown', 'narrower']) {
    if (relations.includes(word)) {
      return word;
    }
  }
  return 'equal';
}

const isBroadened = (word) => !['equal', 'narrower'].includes(word);

// Each verdict is that on policies as AWS::IAM::Policy; where AWS::IAM::RolePolicy gives another one, it follows.
function access() {
  console.log('| pair | right | CDK: broadened | Lakewright |\n| --- | --- | --- | --- |');
  let [other, our] = [0, 0];
  for (const name of ACCESS) {
    const pair = read('access', name);
    const right = relation(Object.values(pair.expect.access).map((one) => one.relation));
    const forms = [withPolicies(pair), pair];
    const said = forms.map((form) => others(form).some((diff) => diff.permissionsBroadened));
    const words = forms.map((form) => relation(ours(form).access.map((one) => one.relation)));
    other += said[0] === isBroadened(right);
    our += words.every((word) => word === right);
    const [they, we] = [said.map((is) => mark(is ? 'yes' : 'no', is === isBroadened(right))), words.map((word) => mark(word, word === right))];
    console.log(`| ${name} | ${right} | ${distinct(they)} | ${distinct(we)} |`);
  }
  console.log(`\nRight of ${ACCESS.length}: CDK ${other}, Lakewright ${our}.`);
}

const distinct = (words) => [...new Set(words)].join('; as `RolePolicy`: ');

const mark = (word, isRight) => (isRight ? word : `**${word}**`);

// Interruptions are updates in place for the CDK, which has no word for them.
const fate = (word) => (word === 'interrupted' ? 'updated' : word);

// The fate of each resource by the CDK; what is not listed is unchanged.
function impacts(pair) {
  const found = {};
  for (const diff of others(pair)) {
    diff.resources.forEachDifference((id, change) => {
      found[id] = IMPACTS[change.changeImpact] ?? change.changeImpact;
    });
  }
  return found;
}

// Pairs of one template whose resources stay in it: the CDK compares template by template.
function isComparable(pair) {
  const names = JSON.stringify([Object.keys(pair.before), Object.keys(pair.after)]);
  return names === '[["app.yaml"],["app.yaml"]]' && Object.values(pair.expect.resources).every(([word]) => word !== 'moved');
}

function updates() {
  console.log('| pair | resource | right | CDK | Lakewright |\n| --- | --- | --- | --- | --- |');
  let [all, other, our] = [0, 0, 0];
  const names = fs.readdirSync(path.join(pairs, 'updates')).sort().map((file) => path.basename(file, '.yaml'));
  for (const name of names) {
    const pair = read('updates', name);
    if (CAUTION.includes(name) || !isComparable(pair)) {
      continue;
    }
    const right = Object.fromEntries(Object.entries(pair.expect.resources).map(([id, [word]]) => [id.split(' ')[1], word]));
    const cdk = impacts(pair);
    const printed = Object.fromEntries(ours(pair).stacks.flatMap((stack) => stack.resources.map(({ id, fate: word }) => [id, word])));
    for (const id of [...new Set([right, cdk, printed].flatMap(Object.keys))].sort()) {
      const [want, they, we] = [right, cdk, printed].map((words) => words[id] ?? 'unchanged');
      const [isOther, isOur] = [they === fate(want), we === want];
      all += 1;
      other += isOther;
      our += isOur;
      if (!isOther || !isOur) {
        console.log(`| ${name} | ${id} | ${want} | ${mark(they, isOther)} | ${mark(we, isOur)} |`);
      }
    }
  }
  console.log(`\nRight of ${all} resources: CDK ${other}, Lakewright ${our}. The other rows are right in both.`);
}

// The packages do not export their package.json.
const version = (name) => JSON.parse(fs.readFileSync(path.join(modules, name, 'package.json'), 'utf8')).version;
const packages = ['@aws-cdk/cloudformation-diff', '@aws-cdk/aws-service-spec'];
console.log(`${packages.map((name) => `${name} ${version(name)}`).join(', ')}\n\n## Access\n`);
access();
console.log('\n## Updates\n');
updates();
