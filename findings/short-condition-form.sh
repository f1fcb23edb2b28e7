#!/usr/bin/env bash
# Guess:   a package that reads the short forms of templates gives what CloudFormation reads: `!Condition IsProd` is
#          `{"Condition": "IsProd"}`, and the unquoted policy version stays 2012-10-17.
# Happens: js-yaml-cloudformation-schema gives `{"Fn::Condition": "IsProd"}`, a function that does not exist, and the version as the
#          instant "2012-10-17T00:00:00.000Z". It does not know `!Transform`, `!Base64` of plain text or `!GetAZs` of a Ref. yaml-cfn
#          reads all of them. cfn-lint has no finding in the template, and errors in the JSON that the first made of it.
# Version: js-yaml-cloudformation-schema 1.0.0 with js-yaml 3.15.2, yaml-cfn 0.3.2, cfn-lint 1.58.0
# Source:  js-yaml-cloudformation-schema, index.js and tags.json; CloudFormation template reference, condition functions (Condition)
# Matters: a build that reads a template to change it writes one that cannot be deployed. A check that looks for conditions or for
#          the version of a policy in what was read finds neither.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts js-yaml-cloudformation-schema@1.0.0 js-yaml@3.15.2 yaml-cfn@0.3.2
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cfn-lint==1.58.0

cat > in.yaml <<'YAML'
Parameters:
  Stage: {Type: String}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Equals [!Ref Stage, test]
  Keeps: !Or [!Condition IsProd, !Condition IsTest]
Resources:
  Reader:
    Type: AWS::IAM::Role
    Condition: Keeps
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: glue.amazonaws.com}
            Action: sts:AssumeRole
YAML
cat > read.cjs <<'JS'
const fs = require('fs');
const yaml = require('js-yaml');
const { CLOUDFORMATION_SCHEMA } = require('js-yaml-cloudformation-schema');
const { yamlParse } = require('yaml-cfn');
const readers = {
  'js-yaml-cloudformation-schema': (text) => yaml.load(text, { schema: CLOUDFORMATION_SCHEMA }),
  'yaml-cfn': yamlParse,
};
for (const [name, read] of Object.entries(readers)) {
  const tried = (text) => { try { read(text); return 'read'; } catch (error) { return 'refused'; } };
  const template = JSON.parse(JSON.stringify(read(fs.readFileSync('in.yaml', 'utf8'))));
  fs.writeFileSync(`${name}.json`, JSON.stringify(template));
  console.log(name, JSON.parse(fs.readFileSync(`node_modules/${name}/package.json`)).version, JSON.stringify([
    template.Conditions.Keeps, template.Resources.Reader.Properties.AssumeRolePolicyDocument.Version,
    tried('a: !Transform {Name: "AWS::Include", Parameters: {Location: x}}'), tried('a: !Base64 text'),
    tried('a: !GetAZs {Ref: "AWS::Region"}')]));
}
JS
lint() { env/bin/cfn-lint --format parseable "$1" | cut -d: -f6 | sort | tr '\n' ' ' || true; }
got=$(node read.cjs)
echo "$got"
author=$(lint in.yaml)
first=$(lint js-yaml-cloudformation-schema.json)
second=$(lint yaml-cfn.json)
echo "$(env/bin/cfn-lint --version) on the template: ${author:-no finding}"
echo "  on the JSON of js-yaml-cloudformation-schema: ${first:-no finding}"
echo "  on the JSON of yaml-cfn: ${second:-no finding}"
want='js-yaml-cloudformation-schema 1.0.0 [{"Fn::Or":[{"Fn::Condition":"IsProd"},{"Fn::Condition":"IsTest"}]},'
want+='"2012-10-17T00:00:00.000Z","refused","refused","refused"]'$'\n'
want+='yaml-cfn 0.3.2 [{"Fn::Or":[{"Condition":"IsProd"},{"Condition":"IsTest"}]},"2012-10-17","read","read","read"]'
if [ "$got" != "$want" ] || [ -n "$author$second" ] || [ "$first" != 'E3530 E8006 E8006 W8001 W8001 ' ]; then
  echo 'no longer as stated' >&2
  exit 1
fi
