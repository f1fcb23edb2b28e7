#!/usr/bin/env bash
# Guess:   an account id that is a quoted string in a JSON template is the same twelve digits after `aws cloudformation
#          package` and after the CDK has read what that wrote.
# Happens: the packager writes the id without quotes when it starts with 0 and has an 8 or a 9 in it: by the YAML 1.1 rules
#          of its writer that is no number. The CDK reads by YAML 1.2, where it is one, and drops the zero: eleven digits.
#          `1e3` becomes 1000 in the same way. An id of the digits 0 to 7 alone is quoted and survives.
# Version: awscli 1.46.3 with PyYAML 6.0.4, aws-cdk-lib 2.276.0
# Source:  awscli, customizations/cloudformation/yamlhelper.py (yaml_dump); aws-cdk-lib, CfnInclude
# Matters: a grant to another account (Lake Formation, RAM, a trust policy) names no account any more, for some accounts
#          only, and only where both tools meet. `package --use-json` avoids it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check awscli==1.46.3 PyYAML==6.0.4
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts aws-cdk-lib@2.276.0 constructs@10.8.1

cat > in.json <<'JSON'
{"Resources": {"Table": {"Type": "AWS::Glue::Table", "Properties": {
  "CatalogId": "012345678901", "DatabaseName": "sales",
  "TableInput": {"Name": "orders", "Parameters": {
    "owner": "098765432109", "octal": "012345670123", "scale": "1e3"}}}}}}
JSON

# Nothing of this template is local, so that nothing is uploaded and no request is made.
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
env/bin/aws cloudformation package --template-file in.json --s3-bucket unused \
  --output-template-file out.yaml >/dev/null

cat > include.cjs <<'JS'
const cdk = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const stack = new cdk.Stack(new cdk.App({ outdir: 'out' }), 'S');
const table = new CfnInclude(stack, 'I', { templateFile: 'out.yaml' }).getResource('Table');
const { catalogId, tableInput } = table;
console.log(JSON.stringify({ catalogId, ...stack.resolve(tableInput).parameters }));
JS
echo "aws-cli $(env/bin/python -c 'import awscli; print(awscli.__version__)')," \
  "aws-cdk-lib $(node -p 'require("aws-cdk-lib/package.json").version')"
echo 'The packager drops the quotes of an id with a leading zero:'
grep -E 'CatalogId|owner|octal|scale' out.yaml
echo 'and the CDK reads it as a number:'
got=$(node include.cjs)
echo "  $got"
want='{"catalogId":"12345678901","owner":98765432109,"octal":"012345670123","scale":1000}'
if [ "$got" != "$want" ] || ! grep -q 'CatalogId: 012345678901$' out.yaml; then
  echo 'no longer as stated' >&2
  exit 1
fi
