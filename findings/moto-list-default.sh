#!/usr/bin/env bash
# Guess:   a CommaDelimitedList parameter is a list, whether its value was passed or is the default.
# Happens: moto splits the value that is passed and leaves the default as it is, a string. `Fn::Join` then walks over its
#          characters, commas included, and `Fn::Select` takes one of them: "a|,|b|,|c" and "," for a default of "a,b,c".
# Version: moto 5.2.5
# Source:  moto, cloudformation/parsing.py (ResourceMap.load_parameters)
# Matters: a stack of a test has other subnets, account lists or tags than the same stack with the same values passed, and no
#          error says so. Pass list parameters in tests, also those with a default.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
# moto's extra for CloudFormation brings far more than a topic needs.
env/bin/pip install --quiet --disable-pip-version-check moto==5.2.5 openapi-spec-validator==0.9.0 PyYAML==6.0.4 \
  boto3==1.43.106 botocore==1.43.106

export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
env/bin/python - <<'PY'
import json
from importlib.metadata import version

import boto3
from moto import mock_aws

template = {
    'Parameters': {'Teams': {'Type': 'CommaDelimitedList', 'Default': 'a,b,c'}},
    'Resources': {'Topic': {'Type': 'AWS::SNS::Topic'}},
    'Outputs': {
        'Joined': {'Value': {'Fn::Join': ['|', {'Ref': 'Teams'}]}},
        'Second': {'Value': {'Fn::Select': ['1', {'Ref': 'Teams'}]}},
    },
}
print('moto', version('moto'))
print('The same value, as the default and passed:')
same = True
with mock_aws():
    client = boto3.client('cloudformation')
    for name, parameters, want in (
        ('default', [], {'Joined': 'a|,|b|,|c', 'Second': ','}),
        ('passed', [{'ParameterKey': 'Teams', 'ParameterValue': 'a,b,c'}], {'Joined': 'a|b|c', 'Second': 'b'}),
    ):
        client.create_stack(StackName=name, TemplateBody=json.dumps(template), Parameters=parameters)
        [stack] = client.describe_stacks(StackName=name)['Stacks']
        got = {output['OutputKey']: output['OutputValue'] for output in stack['Outputs']}
        print(f'  {name}: {got}')
        same = same and got == want
if not same:
    raise SystemExit('no longer as stated')
PY
