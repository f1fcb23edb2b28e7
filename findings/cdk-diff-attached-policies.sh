#!/usr/bin/env bash
# Guess:   `cdk diff --fail-on broadening` fails if a role's policy is widened to everything, however the policy is attached.
# Happens: a policy resource counts only if it has Roles, Users or Groups itself. A managed policy that the role attaches by
#          ManagedPolicyArns does not count, nor does AWS::IAM::RolePolicy, UserPolicy or GroupPolicy, which have a RoleName, UserName
#          or GroupName: no table of IAM changes, and exit code 0. The changed resource itself is listed.
# Version: aws-cdk 2.1148.1
# Source:  @aws-cdk/cloudformation-diff, lib/iam/iam-changes.js (readIdentityPolicyResource): it makes a statement for each member
#          of Groups, Users and Roles, so a policy without these properties has none
# Matters: a pipeline that asks for an approval of broader permissions only does not ask. Templates of the CDK's own constructs
#          mostly have Roles; hand-written templates and those of other tools often do not.
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
const statement = (Action, Resource) => ({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] });
const AssumeRolePolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};
const role = (more) => ({ Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument, ...more } });
const Ref = (id) => ({ Ref: id });
const policy = (Type, Properties) => ({ Type, Properties });
const named = (PolicyDocument) => ({ PolicyName: 'p', PolicyDocument });
const cases = [
  ['AWS::IAM::Role, Policies', (text) => ({ Role: role({ Policies: [named(text)] }) }), 1],
  ['AWS::IAM::Policy, Roles', (text) => ({ Role: role(), P: policy('AWS::IAM::Policy', { ...named(text), Roles: [Ref('Role')] }) }), 1],
  ['AWS::IAM::ManagedPolicy, Roles',
    (text) => ({ Role: role(), P: policy('AWS::IAM::ManagedPolicy', { PolicyDocument: text, Roles: [Ref('Role')] }) }), 1],
  ['AWS::IAM::ManagedPolicy, ManagedPolicyArns of the role',
    (text) => ({ Role: role({ ManagedPolicyArns: [Ref('P')] }), P: policy('AWS::IAM::ManagedPolicy', { PolicyDocument: text }) }), 0],
  ['AWS::IAM::RolePolicy', (text) => ({ Role: role(), P: policy('AWS::IAM::RolePolicy', { ...named(text), RoleName: Ref('Role') }) }), 0],
  ['AWS::IAM::UserPolicy', (text) => ({ P: policy('AWS::IAM::UserPolicy', { ...named(text), UserName: 'somebody' }) }), 0],
  ['AWS::IAM::GroupPolicy', (text) => ({ P: policy('AWS::IAM::GroupPolicy', { ...named(text), GroupName: 'analysts' }) }), 0],
];
const options = ['diff', 'S', '--app', 'app', '--template', 'before.json', '--fail-on', 'broadening', '--no-notices'];
const env = { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' };
let same = true;
console.log('A policy is widened from one action on one bucket to everything; the exit code of `cdk diff --fail-on broadening`:');
for (const [name, resources, want] of cases) {
  fs.writeFileSync('before.json', JSON.stringify({ Resources: resources(statement('s3:GetObject', 'arn:aws:s3:::bucket/*')) }));
  fs.writeFileSync('app/after.json', JSON.stringify({ Resources: resources(statement('*', '*')) }));
  const run = spawnSync('node', ['node_modules/aws-cdk/bin/cdk', ...options], { encoding: 'utf8', env });
  const output = run.stdout + run.stderr;
  const hasTable = output.includes('IAM Statement Changes');
  console.log(`  ${name.padEnd(54)} ${run.status}, ${hasTable ? 'with' : 'without'} a table of IAM changes`);
  same = same && run.status === want && hasTable === (want === 1) && output.includes('Number of stacks with differences: 1');
}
if (!same) { console.error('no longer as stated'); process.exit(1); }
JS
node diff.cjs
