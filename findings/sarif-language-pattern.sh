#!/usr/bin/env bash
# Guess:   the JSON Schema of SARIF 2.1.0 takes a language as two letters, or two and two such as `en-US`, and any validator
#          reads the schema.
# Happens: the pattern is ^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$ with a bracket that nothing opens. Its first part has no end,
#          so `english` and `en_US` are taken. Python's re and JavaScript without the flag u read the bracket as a character;
#          with the flag u (what ajv uses) and in the Rust validator jsonschema the pattern is no regular expression. The
#          Rust validator refuses the whole schema, also for logs without a language.
# Version: @microsoft/jest-sarif 1.0.0-beta.0 (for its copy of the schema, 2.1.0-rtm.5), jsonschema-rs 0.61.2, Python 3.11, Node 20
# Source:  lib/schemas/sarif-2.1.0-rtm.5.json, definitions run and toolComponent, property language
# Matters: a check of SARIF logs stops at the schema, or takes any text that begins with two letters. Take the pattern out, and check
#          the language by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . @microsoft/jest-sarif@1.0.0-beta.0 > /dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check jsonschema-rs==0.61.2

cat > read.cjs <<'JS'
const schema = require('./node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
const { pattern } = schema.definitions.run.properties.language;
let withU;
try { new RegExp(pattern, 'u'); withU = 'read'; } catch { withU = 'refused'; }
const taken = ['en', 'en-US', 'english', 'en_US', 'e'].filter((text) => new RegExp(pattern).test(text));
console.log(JSON.stringify({ withU, taken }));
JS
node read.cjs | tee js.json
env/bin/python - <<'PY'
import json, re
import jsonschema_rs

js = json.load(open('js.json'))
schema = json.load(open('node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'))
schema.pop('id', None)
schema['$schema'] = 'http://json-schema.org/draft-07/schema#'
pattern = schema['definitions']['run']['properties']['language']['pattern']
log = {'version': '2.1.0', 'runs': []}
try:
    jsonschema_rs.validator_for(schema)
    rust = 'read'
except Exception as error:
    rust = 'refused'
for name in ('run', 'toolComponent'):
    del schema['definitions'][name]['properties']['language']['pattern']
without = jsonschema_rs.validator_for(schema).is_valid(log)
python = [text for text in ('en', 'en-US', 'english', 'en_US', 'e') if re.search(pattern, text)]
print(rust, without, python)
assert pattern == '^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$'
assert js == {'withU': 'refused', 'taken': ['en', 'en-US', 'english', 'en_US']}
assert python == js['taken']
assert rust == 'refused' and without
PY
