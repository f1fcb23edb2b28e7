#!/usr/bin/env bash
# Guess:   `cfn-flip --clean` rewrites a Join as a Sub only where both give the same string. It knows of AWS::NoValue: a Join
#          with an If that may be nothing is kept.
# Happens: it is kept only if another function follows that If. With the If last, or alone among plain strings, or with a bare
#          AWS::NoValue, the Join becomes a Sub whose separators are fixed text: an element that falls away takes its comma
#          with it in the Join, and leaves it behind in the Sub.
# Version: cfn-flip 1.3.0
# Source:  cfn-flip, cfn_clean/__init__.py (convert_join: the check looks at the parts before, not at the one in hand)
# Matters: lists that are joined for a job's arguments or a table's parameters gain empty elements in a change that was meant to
#          be one of layout only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cfn-flip==1.3.0 PyYAML==6.0.4

env/bin/python - <<'PY'
import json
from importlib.metadata import version

import cfn_flip

nothing = {'Ref': 'AWS::NoValue'}
maybe = {'Fn::If': ['Extra', 'x', nothing]}
expected = {
    'a, maybe, b': (['a', maybe, 'b'], {'Fn::Sub': ['a,${Param1},b', {'Param1': maybe}]}),
    'a, nothing, b': (['a', nothing, 'b'], {'Fn::Sub': 'a,${AWS::NoValue},b'}),
    'a, import, maybe': (['a', {'Fn::ImportValue': 'i'}, maybe],
                         {'Fn::Sub': ['a,${Param1},${Param2}', {'Param1': {'Fn::ImportValue': 'i'}, 'Param2': maybe}]}),
    'a, maybe, import': (['a', maybe, {'Fn::ImportValue': 'i'}],
                         {'Fn::Join': [',', ['a', maybe, {'Fn::ImportValue': 'i'}]]}),
}
print('cfn-flip', version('cfn-flip'))
same = True
for name, (parts, want) in expected.items():
    cleaned = cfn_flip.to_yaml(json.dumps({'Value': {'Fn::Join': [',', parts]}}), clean_up=True)
    got = json.loads(cfn_flip.to_json(cleaned))['Value']
    print(f'  Join of {name}  ->  {json.dumps(got)}')
    same = same and got == want
if not same:
    raise SystemExit('no longer as stated')
PY
