#!/usr/bin/env bash
# Guess:   the two emulators that CloudFormation templates are tested with give a literal `true` of a template the spelling
#          that it has there, and leave nothing where AWS::NoValue stands.
# Happens: both print it as Python does: `Fn::Join` and `Fn::Sub` make "True", and `Fn::Equals: [true, "true"]` is false, so that
#          the other branch is deployed. For a number ministack says equal and moto says not. moto also writes the word None
#          for AWS::NoValue in a Join: "a,None,b", where ministack has "a,b".
# Version: moto 5.2.5, ministack 1.5.33
# Source:  moto, cloudformation/parsing.py (clean_json and the pseudo parameters); ministack,
#          services/cloudformation/engine.py (the resolver of values and _evaluate_conditions)
# Matters: policies, Glue parameters and conditions that are put together from values hold words that neither JSON nor YAML
#          has, and the emulators do not even agree. Quote literals in templates that are tested so.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
# moto's extra for CloudFormation brings far more than a topic needs.
env/bin/pip install --quiet --disable-pip-version-check moto==5.2.5 openapi-spec-validator==0.9.0 PyYAML==6.0.4 \
  ministack==1.5.33 boto3==1.43.106 botocore==1.43.106

export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
GATEWAY_PORT=$(env/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export GATEWAY_PORT
TMPDIR=$work HOME=$work env/bin/python -m ministack >server.log 2>&1 &
server=$!

env/bin/python - <<'PY'
import json, os, socket, time
from importlib.metadata import version

import boto3
from moto import mock_aws

def branch(left, right):
    return {'conditions': {'Same': {'Fn::Equals': [left, right]}}, 'value': {'Fn::If': ['Same', 'equal', 'other']}}

cases = {
    'Join ["", [true]]': ({'value': {'Fn::Join': ['', [True]]}}, 'True', 'True'),
    'Sub ["${v}", {v: true}]': ({'value': {'Fn::Sub': ['${v}', {'v': True}]}}, 'True', 'True'),
    'Equals [true, "true"]': (branch(True, 'true'), 'other', 'other'),
    'Equals [1, "1"]': (branch(1, '1'), 'other', 'equal'),
    'Join [",", [a, NoValue, b]]': ({'value': {'Fn::Join': [',', ['a', {'Ref': 'AWS::NoValue'}, 'b']]}}, 'a,None,b', 'a,b'),
}

def output(client, name, case):
    template = {
        'Conditions': case.get('conditions', {}),
        'Resources': {'Topic': {'Type': 'AWS::SNS::Topic'}},
        'Outputs': {'Value': {'Value': case['value']}},
    }
    client.create_stack(StackName=name, TemplateBody=json.dumps(template))
    for _ in range(100):
        [stack] = client.describe_stacks(StackName=name)['Stacks']
        if not stack['StackStatus'].endswith('IN_PROGRESS'):
            break
        time.sleep(0.1)
    return stack['Outputs'][0]['OutputValue']

with mock_aws():
    client = boto3.client('cloudformation')
    by_moto = [output(client, f'case{i}', case) for i, (case, _, _) in enumerate(cases.values())]

port = int(os.environ['GATEWAY_PORT'])
for _ in range(150):  # the server takes a few seconds
    with socket.socket() as probe:
        if probe.connect_ex(('127.0.0.1', port)) == 0:
            break
    time.sleep(0.2)
client = boto3.client('cloudformation', endpoint_url=f'http://127.0.0.1:{port}')
by_ministack = [output(client, f'case{i}', case) for i, (case, _, _) in enumerate(cases.values())]

print('moto', version('moto'), '| ministack', version('ministack'))
same = True
for (name, (_, moto, ministack)), got_moto, got_ministack in zip(cases.items(), by_moto, by_ministack):
    print(f'  {name}: moto {got_moto!r}, ministack {got_ministack!r}')
    same = same and (got_moto, got_ministack) == (moto, ministack)
if not same:
    raise SystemExit('no longer as stated')
PY
