#!/usr/bin/env bash
# Guess:   a parser of templates keeps text in quotes as text; an account id stays twelve digits.
# Happens: for every resource type without a model of its own, Glue's and Lake Formation's among them, `resolve()` guesses what
#          each text may be: the account "012345678901" is the number 12345678901, the table "1e3" is 1000, the Glue version
#          "5.0" is 5, the text "1.10" in a property is a moment of 1970.
# Version: pycfmodel 2.1.3
# Source:  CloudFormation template reference, AWS::LakeFormation::PrincipalPermissions (CatalogId and Name are strings), AWS::Glue::Job
#          (GlueVersion is a string); pycfmodel, model/generic.py
# Matters: rules that compare accounts, catalogs or tables by their text find nothing, or take two tables for one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pycfmodel==2.1.3

env/bin/python - <<'PY'
import logging
from importlib.metadata import version

logging.disable(logging.CRITICAL)
from pycfmodel import parse

account = '012345678901'
template = {'Resources': {
    'Job': {'Type': 'AWS::Glue::Job', 'Properties': {
        'Role': 'reader', 'Command': {'Name': 'glueetl'}, 'GlueVersion': '5.0',
        'DefaultArguments': {'--account': account}}},
    'Permission': {'Type': 'AWS::LakeFormation::PrincipalPermissions', 'Properties': {
        'Principal': {'DataLakePrincipalIdentifier': account}, 'Permissions': ['SELECT'],
        'PermissionsWithGrantOption': [],
        'Resource': {'Table': {'CatalogId': account, 'DatabaseName': 'sales', 'Name': '1e3'}}}},
    'Release': {'Type': 'Custom::Release', 'Properties': {'ServiceToken': 'arn', 'Version': '1.10'}},
}}
resources = parse(template).resolve().Resources
table = resources['Permission'].Properties.Resource.Table
release = resources['Release'].Properties
release = release['Version'] if isinstance(release, dict) else release.Version
seen = {
    'catalog': (table.CatalogId, 12345678901),
    'table': (table.Name, 1000),
    'database': (table.DatabaseName, 'sales'),
    'Glue version': (resources['Job'].Properties.GlueVersion, 5),
    'version of a custom resource': (getattr(release, 'year', release), 1970),
}
print('pycfmodel', version('pycfmodel'))
for name, (got, _) in seen.items():
    print(f'  {name}: {got!r}')
if any(got != want or type(got) is not type(want) for got, want in seen.values()):
    raise SystemExit('no longer as stated')
PY
