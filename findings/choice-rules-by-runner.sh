#!/usr/bin/env bash
# Guess:   a Choice state takes the same branch wherever it runs: the rules of the language are few and exact.
# Happens: no runner follows all of them, and each leaves them elsewhere. aws-local-stepfunctions never finds that a field is
#          absent: `IsPresent: false` does not match. ministack says that a field with null is not present. moto compares
#          times as text, so that 10:00+02:00 is not 08:00Z. In moto and aws-local-stepfunctions `?` stands for any character
#          in `StringMatches`, where the language has `*` alone.
# Version: moto 5.2.5, ministack 1.5.33, aws-local-stepfunctions 3.0.0
# Source:  Amazon States Language, Choice state; moto, stepfunctions/parser; ministack, services/stepfunctions.py;
#          aws-local-stepfunctions, build/main.node.cjs
# Matters: a state machine that decides by an optional field, a time or a file name takes another branch in the test than in the
#          account. Test such a choice in more than one runner.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts aws-local-stepfunctions@3.0.0 &
node_packages=$!
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'moto[stepfunctions]==5.2.5' ministack==1.5.33 boto3==1.43.106 botocore==1.43.106
wait "$node_packages"

export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
GATEWAY_PORT=$(env/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export GATEWAY_PORT
TMPDIR=$work HOME=$work env/bin/python -m ministack >server.log 2>&1 &
server=$!

cat > run.cjs <<'JS'
const { StateMachine } = require('aws-local-stepfunctions');
const { machines, input } = JSON.parse(require('fs').readFileSync('machines.json'));
(async () => {
  const branches = [];
  for (const machine of machines) branches.push((await new StateMachine(machine).run(input).result).branch);
  console.log(JSON.stringify(branches));
})();
JS
env/bin/python - <<'PY'
import json, logging, os, socket, subprocess, time
from importlib.metadata import version

import boto3
from moto import mock_aws

logging.disable(logging.CRITICAL)
given = {'none': None, 'at': '2024-01-01T10:00:00+02:00', 'file': 'log-2024.txt'}
rules = (
    {'Variable': '$.absent', 'IsPresent': False},
    {'Variable': '$.none', 'IsPresent': True},
    {'Variable': '$.at', 'TimestampEquals': '2024-01-01T08:00:00Z'},
    {'Variable': '$.file', 'StringMatches': 'log-2024?txt'},
    {'Variable': '$.file', 'StringMatches': 'log-*.txt'},
)
# The language's answer, then those of the three runners.
want = (
    ('yes', 'yes', 'yes', 'no'),
    ('yes', 'yes', 'no', 'yes'),
    ('yes', 'no', 'yes', 'yes'),
    ('no', 'yes', 'no', 'yes'),
    ('yes', 'yes', 'yes', 'yes'),
)

def machine(rule):
    return {'StartAt': 'Decide', 'States': {
        'Decide': {'Type': 'Choice', 'Choices': [{**rule, 'Next': 'Yes'}], 'Default': 'No'},
        'Yes': {'Type': 'Pass', 'Result': {'branch': 'yes'}, 'End': True},
        'No': {'Type': 'Pass', 'Result': {'branch': 'no'}, 'End': True}}}

def branches(client):
    for number, rule in enumerate(rules):
        arn = client.create_state_machine(name=f'm{number}', definition=json.dumps(machine(rule)),
                                          roleArn='arn:aws:iam::111122223333:role/run')['stateMachineArn']
        run = client.start_execution(stateMachineArn=arn, input=json.dumps(given))['executionArn']
        for _ in range(100):
            state = client.describe_execution(executionArn=run)
            if state['status'] != 'RUNNING':
                break
            time.sleep(0.1)
        assert state['status'] == 'SUCCEEDED', state
        yield json.loads(state['output'])['branch']

with mock_aws(config={'stepfunctions': {'execute_state_machine': True}}):
    moto = list(branches(boto3.client('stepfunctions')))

port = int(os.environ['GATEWAY_PORT'])
for _ in range(150):
    with socket.socket() as probe:
        if probe.connect_ex(('127.0.0.1', port)) == 0:
            break
    time.sleep(0.2)
ministack = list(branches(boto3.client('stepfunctions', endpoint_url=f'http://127.0.0.1:{port}')))

with open('machines.json', 'w') as file:
    json.dump({'machines': [machine(rule) for rule in rules], 'input': given}, file)
local = json.loads(subprocess.run(['node', 'run.cjs'], check=True, capture_output=True, text=True).stdout)

print('moto', version('moto') + ', ministack', version('ministack') + ', aws-local-stepfunctions',
      json.load(open('node_modules/aws-local-stepfunctions/package.json'))['version'])
print('input:', json.dumps(given))
same = True
for rule, said, *got in zip(rules, want, moto, ministack, local):
    print(f'  {json.dumps(rule)}: language {said[0]}, moto {got[0]}, ministack {got[1]}, aws-local-stepfunctions {got[2]}')
    same = same and said[1:] == tuple(got)
if not same:
    raise SystemExit('no longer as stated')
PY
