#!/usr/bin/env bash
# Guess:   CfnInclude treats `!Length [a, b]` and `Fn::Length: [a, b]` alike, as CloudFormation does: they are two
#          spellings of one function. If it does not know the function, it says so for both.
# Happens: the long form is refused ("Unsupported CloudFormation function"). The short form is accepted, and the function is
#          dropped: the template that comes out holds the bare argument, a list of two instead of the number 2. The same goes
#          for `!ToJsonString`. All that is said is a process warning of the YAML reader, which NODE_NO_WARNINGS also mutes.
# Version: aws-cdk-lib 2.276.0
# Source:  aws-cdk-lib, cloudformation-include/lib/private/yaml-cfn.js (the list of tags it knows) and
#          core/lib/helpers-internal/cfn-parse.js (the check of long forms)
# Matters: a template of the language extensions can be imported into a CDK app without an error and deploy other values.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts aws-cdk-lib@2.276.0 constructs@10.8.1

cat > include.cjs <<'JS'
const fs = require('fs');
const cdk = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
console.log('aws-cdk-lib', require('aws-cdk-lib/package.json').version);

// One Glue table whose free-form parameters hold the function under test.
function include(value) {
  fs.writeFileSync('t.yaml', `
Transform: AWS::LanguageExtensions
Resources:
  Table:
    Type: AWS::Glue::Table
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: sales
      TableInput: {Name: orders, Parameters: {value: ${value}}}
`);
  const stack = new cdk.Stack(new cdk.App({ outdir: 'out' }), 'S');
  try {
    const include = new CfnInclude(stack, 'I', { templateFile: 't.yaml' });
    const table = include.getResource('Table');
    return JSON.stringify(stack.resolve(table.tableInput).parameters.value);
  } catch (error) {
    return 'error: ' + error.message;
  }
}

const expected = {
  '!Length [a, b]': '["a","b"]',
  '{"Fn::Length": [a, b]}': "error: Unsupported CloudFormation function 'Fn::Length'",
  '!ToJsonString {a: 1}': '{"a":1}',
  '{"Fn::ToJsonString": {a: 1}}': "error: Unsupported CloudFormation function 'Fn::ToJsonString'",
};
console.log('The short form of a function it does not know is replaced by its argument, the long form is refused:');
let same = true;
for (const [value, want] of Object.entries(expected)) {
  const got = include(value);
  console.log(`  ${value}  ->  ${got}`);
  same = same && got === want;
}
if (!same) { console.error('no longer as stated'); process.exit(1); }
JS
NODE_NO_WARNINGS=1 node include.cjs
