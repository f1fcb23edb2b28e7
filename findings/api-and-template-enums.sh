#!/usr/bin/env bash
# Guess:   what a service's API accepts as a value, its CloudFormation type accepts too, and if one lags it is the template.
# Happens: it goes both ways. Lake Formation's API knows the permissions CREATE_CATALOG, CREATE_LF_TAG_EXPRESSION and
#          SUPER_USER, AWS::LakeFormation::PrincipalPermissions does not. AWS::Glue::Job has the worker types R.1X to R.8X,
#          G.12X and G.16X, which the API model's own WorkerType lacks.
# Version: botocore 1.43.106, cfn-lint 1.58.0 with its copy of AWS's resource schemas
# Source:  botocore, data/lakeformation and data/glue (shapes Permission and WorkerType); cfn-lint, data/schemas/resources
# Matters: code generated from the one list refuses what the other has: no such grant lets a team make catalogs, and a client
#          that checks WorkerType against the API's model stops at a job that a template made.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cfn-lint==1.58.0 botocore==1.43.106

env/bin/python - <<'PY'
import json
from importlib.metadata import version
from importlib.resources import files

import botocore.session

schemas = {}
for path in (files('cfnlint') / 'data/schemas/resources').iterdir():
    if path.name.endswith('.json'):
        schema = json.loads(path.read_text(encoding='utf-8'))
        schemas[schema.get('typeName')] = schema
session = botocore.session.get_session()

def api(service, shape):
    return set(session.get_service_model(service).shape_for(shape).enum)

print('botocore', version('botocore'), '| cfn-lint', version('cfn-lint'))
same = True
for name, by_api, by_template, want in (
    ('Lake Formation permissions', api('lakeformation', 'Permission'),
     set(schemas['AWS::LakeFormation::PrincipalPermissions']['definitions']['Permission']['enum']),
     ({'CREATE_CATALOG', 'CREATE_LF_TAG_EXPRESSION', 'SUPER_USER'}, set())),
    ('Glue worker types', api('glue', 'WorkerType'),
     set(schemas['AWS::Glue::Job']['properties']['WorkerType']['enum']),
     (set(), {'R.1X', 'R.2X', 'R.4X', 'R.8X', 'G.12X', 'G.16X'})),
):
    got = (by_api - by_template, by_template - by_api)
    print(f'  {name}: only in the API {sorted(got[0])}, only in the template {sorted(got[1])}')
    same = same and got == want
if not same:
    raise SystemExit('no longer as stated')
PY
