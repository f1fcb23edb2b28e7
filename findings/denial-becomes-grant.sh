#!/usr/bin/env bash
# Guess:   a policy that is read with DataHub's Python classes and written again says the same, or is refused.
# Happens: keys that the class does not have are dropped without a word, and the result validates. A policy with `effect: DENY`, which a
#          version of the model has, comes out without the effect, so it grants what it denied. A condition that is not in the enumeration
#          is refused when it is validated, so the values of known keys are checked.
# Version: acryl-datahub 1.7.0.17
# Source:  acryl-datahub, datahub/metadata/schemas/DataHubPolicyInfo.avsc (no `effect`); DataHubPolicyInfo.pdl of datahub-project/datahub at
#          2fbe508 (`effect`, ALLOW or DENY; "DENY policies take precedence")
# Matters: a backup or a migration of policies through the package turns denials into grants. Compare the keys before and after.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check acryl-datahub==1.7.0.17

export DATAHUB_TELEMETRY_ENABLED=false HOME=$work
env/bin/python -W ignore - <<'PY'
from importlib.metadata import version

from datahub.metadata.schema_classes import DataHubPolicyInfoClass

print('acryl-datahub', version('acryl-datahub'))
policy = {
    'displayName': 'Nobody deletes',
    'description': '',
    'type': 'METADATA',
    'state': 'ACTIVE',
    'effect': 'DENY',
    'privileges': ['DELETE_ENTITY'],
    'actors': {'allUsers': True},
}
read = DataHubPolicyInfoClass.from_obj(policy)
written = read.to_obj()
print('  read: effect', policy['effect'], '  valid:', read.validate())
print('  written:', dict(written))

policy['resources'] = {'filter': {'criteria': [{'field': 'TAG', 'values': ['urn:li:tag:pii'], 'condition': 'MATCHES'}]}}
try:
    refused = not DataHubPolicyInfoClass.from_obj(policy).validate()
except Exception as error:
    refused = True
    print('  a condition that does not exist:', type(error).__name__)
print('  a condition that does not exist is refused:', refused)
if not (read.validate() and 'effect' not in written and written['privileges'] == ['DELETE_ENTITY'] and refused):
    raise SystemExit('no longer as stated')
PY
