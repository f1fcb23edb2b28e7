#!/usr/bin/env bash
# Guess:   a key that AWS::LakeFormation::Tag accepts can be put on a table with AWS::LakeFormation::TagAssociation, and the
#          other way round: it is the same tag.
# Happens: the two schemas have different patterns. The tag's is `[{a-zA-Z}{\s}{0-9}_.:...]`, groups in braces inside a
#          character class, so that braces are valid letters and only English ones are; the association's has \p{L}. A key
#          "{pii}" can be made and not attached, "größe" can be attached and not made.
# Version: cfn-lint 1.58.0, with its copy of AWS's resource schemas
# Source:  cfn-lint, data/schemas/resources (definitions LFTagKey of both types)
# Matters: a mesh that names its tags in any other language passes half of its templates. A tool that checks names once must
#          check them against both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cfn-lint==1.58.0

env/bin/python - <<'PY'
import json, subprocess
from importlib.metadata import version

def lint(key):
    template = {'Resources': {
        'Tag': {'Type': 'AWS::LakeFormation::Tag', 'Properties': {'TagKey': key, 'TagValues': ['yes']}},
        'Association': {'Type': 'AWS::LakeFormation::TagAssociation', 'Properties': {
            'Resource': {'Database': {'CatalogId': '111122223333', 'Name': 'sales'}},
            'LFTags': [{'CatalogId': '111122223333', 'TagKey': key, 'TagValues': ['yes']}]}}}}
    json.dump(template, open('t.json', 'w'))
    result = subprocess.run(['env/bin/cfn-lint', '--format', 'json', 't.json'], capture_output=True, text=True)
    return sorted({(finding['Location']['Path'][1], finding['Rule']['Id']) for finding in json.loads(result.stdout)})

print('cfn-lint', version('cfn-lint'))
same = True
for key, want in (('domain', []), ('{pii}', [('Association', 'E3031')]), ('größe', [('Tag', 'E3031')])):
    got = lint(key)
    print(f'  key {key}: {got or "no finding"}')
    same = same and got == want
if not same:
    raise SystemExit('no longer as stated')
PY
