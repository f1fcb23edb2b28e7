#!/usr/bin/env bash
# Guess:   `stack_create_complete` succeeds for a stack that was created and is well, and `stack_rollback_complete` ends when a
#          rollback has ended, well or not.
# Happens: the first succeeds for any stack that was once created: also while an update is running, after one was rolled back,
#          and in UPDATE_ROLLBACK_FAILED. The second knows the end of a rolled back update only. `RollbackStack` deletes a stack
#          that never was in a stable state, and the waiter does not know DELETE_COMPLETE, ROLLBACK_COMPLETE or ROLLBACK_FAILED:
#          it asks 120 times, for an hour, and times out.
# Version: botocore 1.43.106
# Source:  botocore, data/cloudformation/2010-05-15/waiters-2.json; CloudFormation API reference, RollbackStack
# Matters: a pipeline that starts the next stack after "create complete" builds on one that is broken or in change. One that rolls back
#          a failed creation holds its runner for an hour, and then reports a failure.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check botocore==1.43.106

env/bin/python - <<'PY'
import datetime

import botocore, botocore.session
from botocore.exceptions import WaiterError
from botocore.stub import Stubber

def wait(name, status):
    """What the waiter says of a stack that stays in this status, and how often it asked."""
    client = botocore.session.get_session().create_client(
        'cloudformation', region_name='us-east-1', aws_access_key_id='none', aws_secret_access_key='none')
    waiter = client.get_waiter(name)
    stub = Stubber(client)
    stack = {'StackName': 's', 'StackStatus': status, 'CreationTime': datetime.datetime(2024, 1, 1)}
    asked = []
    client.meta.events.register('before-parameter-build', lambda **_: asked.append(1))
    for _ in range(waiter.config.max_attempts):
        stub.add_response('describe_stacks', {'Stacks': [stack]})
    with stub:
        try:
            waiter.wait(StackName='s', WaiterConfig={'Delay': 0})
            return 'success', len(asked)
        except WaiterError as error:
            return ('timeout' if 'Max attempts' in str(error) else 'failure'), len(asked)

print('botocore', botocore.__version__)
same = True
for name, status, want in (
    ('stack_create_complete', 'CREATE_COMPLETE', ('success', 1)),
    ('stack_create_complete', 'UPDATE_IN_PROGRESS', ('success', 1)),
    ('stack_create_complete', 'UPDATE_FAILED', ('success', 1)),
    ('stack_create_complete', 'UPDATE_ROLLBACK_COMPLETE', ('success', 1)),
    ('stack_create_complete', 'UPDATE_ROLLBACK_FAILED', ('success', 1)),
    ('stack_create_complete', 'ROLLBACK_COMPLETE', ('failure', 1)),
    ('stack_rollback_complete', 'UPDATE_ROLLBACK_COMPLETE', ('success', 1)),
    ('stack_rollback_complete', 'UPDATE_ROLLBACK_FAILED', ('failure', 1)),
    ('stack_rollback_complete', 'DELETE_COMPLETE', ('timeout', 120)),
    ('stack_rollback_complete', 'ROLLBACK_COMPLETE', ('timeout', 120)),
    ('stack_rollback_complete', 'ROLLBACK_FAILED', ('timeout', 120)),
):
    got = wait(name, status)
    print(f'  {name} on {status}: {got[0]}, asked {got[1]} times')
    same = same and got == want
if not same:
    raise SystemExit('no longer as stated')
PY
