#!/usr/bin/env bash
# Guess:   the patterns in CloudFormation's resource schemas are regular expressions of JSON Schema, that is of ECMA-262, and
#          any engine that follows it reads them all.
# Happens: of 3077 patterns, Python's re refuses 102, the Rust validator jsonschema 37, a RegExp with the flag u (what ajv uses)
#          126 and one without it 15. Python 3.11 has no \p, the flag u refuses escapes like \_ and inline flags, Rust has no \Z.
#          Without the flag JavaScript reads some otherwise: in `^[.\-_/#A-Za-z0-9]{1,512}\Z`, the name of
#          AWS::Logs::LogGroup, \Z is the letter Z, so that only names that end with Z are valid.
# Version: cfn-lint 1.58.0 (for its copy of the schemas), jsonschema-rs 0.61.2, Python 3.11, Node 20
# Source:  cfn-lint, data/schemas/resources
# Matters: a validator of templates that is given AWS's schemas as they are rejects whole types or valid names, another set of
#          them with each engine. Translate the patterns, and test that every one of them compiles.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cfn-lint==1.58.0 jsonschema-rs==0.61.2

cat > engines.cjs <<'JS'
const patterns = require('./patterns.json');
const refused = (flags) => patterns.filter((pattern) => {
  try { new RegExp(pattern, flags); return false; } catch { return true; }
});
const logGroup = patterns.find((pattern) => pattern.endsWith('{1,512}\\Z'));
console.log(JSON.stringify({
  u: refused('u').length, plain: refused('').length,
  names: ['/aws-glue/jobs', '/aws-glue/Z'].map((name) => new RegExp(logGroup).test(name)),
}));
JS
env/bin/python - <<'PY'
import json, re, subprocess
from importlib.metadata import version
from importlib.resources import files

import jsonschema_rs

patterns = {}
def collect(node, kind):
    if isinstance(node, dict):
        if isinstance(node.get('pattern'), str):
            patterns.setdefault(node['pattern'], kind)
        for pattern in node.get('patternProperties', {}) if isinstance(node.get('patternProperties'), dict) else ():
            patterns.setdefault(pattern, kind)
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            collect(item, kind)
for path in sorted((files('cfnlint') / 'data/schemas/resources').iterdir(), key=str):
    if path.name.endswith('.json'):
        schema = json.loads(path.read_text(encoding='utf-8'))
        collect(schema, schema.get('typeName'))

def refuses(compile_, error):
    def refused(pattern):
        try:
            compile_(pattern)
        except error:
            return True
        return False
    return [pattern for pattern in patterns if refused(pattern)]

python = refuses(re.compile, re.error)
rust = refuses(lambda pattern: jsonschema_rs.validator_for({'pattern': pattern}), ValueError)
json.dump(list(patterns), open('patterns.json', 'w'))
node = json.loads(subprocess.run(['node', 'engines.cjs'], check=True, capture_output=True, text=True).stdout)

print('cfn-lint', version('cfn-lint'), '| jsonschema-rs', version('jsonschema-rs'))
print(f'{len(patterns)} patterns; refused by Python re: {len(python)}, by Rust jsonschema: {len(rust)}, '
      f'by RegExp with u: {node["u"]}, by RegExp without: {node["plain"]}')
log_group = next(pattern for pattern in patterns if pattern.endswith(r'{1,512}\Z'))
print(f'{patterns[log_group]}: {log_group}')
by_python = [bool(re.search(log_group, name)) for name in ('/aws-glue/jobs', '/aws-glue/Z')]
print('  /aws-glue/jobs and /aws-glue/Z are valid: in Python', by_python, 'in JavaScript', node['names'],
      'in Rust', 'the schema is refused' if log_group in rust else 'the schema is taken')
# How many an engine refuses may change with the version of Python or Node. That it refuses some is the finding.
same = (len(patterns) == 3077 and all((python, rust, node['u'], node['plain'])) and log_group in rust
        and by_python == [True, True] and node['names'] == [False, True])
if not same:
    raise SystemExit('no longer as stated')
PY
