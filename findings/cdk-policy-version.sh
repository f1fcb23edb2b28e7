#!/usr/bin/env bash
# Guess:   PolicyDocument.fromJson keeps what it is given: the version and the id of the policy too.
# Happens: every document comes out with Version 2012-10-17 and without its Id. In a policy of 2008-10-17, or without a
#          version, `${aws:username}` is plain text; after the round trip it is a variable. A single statement that is not in
#          a list, which IAM takes, is an error.
# Version: aws-cdk-lib 2.276.0
# Source:  aws-cdk-lib, aws-iam/lib/policy-document.js (PolicyDocument.fromJson and render)
# Matters: bucket and topic policies that services made are often of 2008-10-17. Adopted into a CDK app, they mean something
#          else, and a check that compares the Id finds none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts aws-cdk-lib@2.276.0 constructs@10.8.1

cat > policy.cjs <<'JS'
const cdk = require('aws-cdk-lib');
const iam = require('aws-cdk-lib/aws-iam');
console.log('aws-cdk-lib', require('aws-cdk-lib/package.json').version);
const stack = new cdk.Stack(new cdk.App({ outdir: 'out' }), 'S');
const read = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::home/${aws:username}' };
function roundTrip(policy) {
  try {
    const out = stack.resolve(iam.PolicyDocument.fromJson(policy));
    return `Version ${out.Version}, Id ${out.Id}, Resource ${out.Statement[0].Resource}`;
  } catch (error) {
    return 'error: ' + error.message;
  }
}
const after = 'Version 2012-10-17, Id undefined, Resource arn:aws:s3:::home/${aws:username}';
const cases = [
  ['2008-10-17 with an Id', { Version: '2008-10-17', Id: 'Made', Statement: [read] }, after],
  ['no version', { Id: 'Made', Statement: [read] }, after],
  ['one statement, no list', { Version: '2012-10-17', Statement: read }, 'error: Statement must be an array'],
];
console.log('The version becomes 2012-10-17, and the id is lost:');
let same = true;
for (const [name, policy, want] of cases) {
  const got = roundTrip(policy);
  console.log(`  ${name}  ->  ${got}`);
  same = same && got === want;
}
if (!same) { console.error('no longer as stated'); process.exit(1); }
JS
node policy.cjs
