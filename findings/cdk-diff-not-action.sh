#!/usr/bin/env bash
# Guess:   `cdk diff --fail-on broadening` fails if a statement that allows nearly everything is added.
# Happens: a statement with NotAction, NotResource or NotPrincipal counts as the opposite. An Allow of everything but IAM is no
#          broadening when it is added, and is one when it is removed. A Deny of everything but IAM is a broadening when it is added,
#          and none when it is removed. The table of IAM changes shows the statement each time.
# Version: aws-cdk 2.1148.1
# Source:  @aws-cdk/cloudformation-diff, lib/iam/statement.js (isNegativeStatement) and iam-changes.js (permissionsBroadened)
# Matters: a pipeline that waits for an approval of broader permissions lets an Allow with `NotAction` pass; AWS's PowerUserAccess is one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts aws-cdk@2.1148.1

cat > diff.cjs <<'JS'
const fs = require('node:fs');
const { spawnSync } = require('node:child_process');
console.log('aws-cdk', require('aws-cdk/package.json').version);
fs.mkdirSync('app');
const stack = { type: 'aws:cloudformation:stack', environment: 'aws://111122223333/us-east-1', properties: { templateFile: 'after.json' } };
fs.writeFileSync('app/manifest.json', JSON.stringify({ version: '36.0.0', artifacts: { S: stack } }));
const read = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' };
const template = (...more) => {
  const PolicyDocument = { Version: '2012-10-17', Statement: [read, ...more] };
  return JSON.stringify({ Resources: { P: { Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'p', Roles: ['r'], PolicyDocument } } } });
};
const options = ['diff', 'S', '--app', 'app', '--template', 'before.json', '--fail-on', 'broadening', '--no-notices'];
const env = { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' };
function exitCode(before, after) {
  fs.writeFileSync('before.json', before);
  fs.writeFileSync('app/after.json', after);
  const run = spawnSync('node', ['node_modules/aws-cdk/bin/cdk', ...options], { encoding: 'utf8', env });
  if (!run.stdout.includes('IAM Statement Changes') && !run.stderr.includes('IAM Statement Changes')) {
    throw new Error(`no table of IAM changes: ${run.stdout}${run.stderr}`);
  }
  return run.status;
}
const cases = [
  ['Allow, Action *', { Effect: 'Allow', Action: '*', Resource: '*' }, [1, 0]],
  ['Allow, NotAction iam:*', { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }, [0, 1]],
  ['Allow, NotResource', { Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::bucket' }, [0, 1]],
  ['Deny, Action s3:*', { Effect: 'Deny', Action: 's3:*', Resource: '*' }, [0, 1]],
  ['Deny, NotAction iam:*', { Effect: 'Deny', NotAction: 'iam:*', Resource: '*' }, [1, 0]],
];
let same = true;
console.log('The exit code of `cdk diff --fail-on broadening` if a statement is added to a policy, and if it is removed:');
for (const [name, statement, want] of cases) {
  const got = [exitCode(template(), template(statement)), exitCode(template(statement), template())];
  console.log(`  ${name.padEnd(24)} added ${got[0]}, removed ${got[1]}`);
  same = same && got.join() === want.join();
}
if (!same) { console.error('no longer as stated'); process.exit(1); }
JS
node diff.cjs
