#!/usr/bin/env bash
# Guess:   `policySetTextToParts` splits a file of policies in the order of the file, so that the `policy2` that a decision names is
#          the third part.
# Happens: the parts are sorted by these names as text: policy10 and policy11 come before policy2. From eleven policies on, most parts
#          are not where their number says. cedarpy keeps the order of the file, as does the number in a decision of both. Parts
#          that are joined again are a file with the same meaning, whose decisions name other numbers.
# Version: @cedar-policy/cedar-wasm 4.13.0, cedarpy 4.12.2
# Source:  @cedar-policy/cedar-wasm, policySetTextToParts; cedarpy, policies_to_json_str
# Matters: who looks up the policy of a decision among the parts shows a reviewer the wrong one, and only once there are
#          more than ten. `@id` does not help: neither package takes it for the name. Name the policies yourself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cedarpy==4.12.2
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @cedar-policy/cedar-wasm@4.13.0

cat > parts.cjs <<'JS'
const fs = require('fs');
const cedar = require('@cedar-policy/cedar-wasm/nodejs');
const text = Array.from({ length: 12 }, (_, number) =>
  `@id("team${number}")\npermit (principal == Team::"${number}", action, resource);`).join('\n');
const { policies } = cedar.policySetTextToParts(text);
const decide = (staticPolicies) => cedar.isAuthorized({
  principal: { type: 'Team', id: '2' }, action: { type: 'Action', id: 'read' }, resource: { type: 'Table', id: 'orders' },
  context: {}, entities: [], policies: { staticPolicies },
}).response.diagnostics.reason;
fs.writeFileSync('whole.cedar', text);
fs.writeFileSync('joined.cedar', policies.join('\n'));
console.log(JSON.stringify({
  version: JSON.parse(fs.readFileSync('node_modules/@cedar-policy/cedar-wasm/package.json')).version,
  parts: policies.map((part) => Number(/Team::"(\d+)"/.exec(part)[1])),
  whole: decide(text), joined: decide(policies.join('\n')),
}));
JS
node parts.cjs > wasm.json
env/bin/python - <<'PY'
import json
from importlib.metadata import version

import cedarpy

wasm = json.load(open('wasm.json'))
request = {'principal': 'Team::"2"', 'action': 'Action::"read"', 'resource': 'Table::"orders"', 'context': {}}

def decide(file):
    return cedarpy.is_authorized(request, open(file).read(), []).diagnostics.reasons

policies = json.loads(cedarpy.policies_to_json_str(open('whole.cedar').read()))['staticPolicies']
python = [int(policies[f'policy{number}']['principal']['entity']['id']) for number in range(12)]
print('@cedar-policy/cedar-wasm', wasm['version'] + ', cedarpy', version('cedarpy'))
print('  teams in the parts of cedar-wasm: ', wasm['parts'])
print('  teams of policy0 to 11 of cedarpy:', python)
print('  the file, asked for team 2:       cedar-wasm', wasm['whole'], 'cedarpy', decide('whole.cedar'))
print('  the joined parts, for team 2:     cedar-wasm', wasm['joined'], 'cedarpy', decide('joined.cedar'))
same = (wasm['parts'] == [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9] and python == list(range(12))
        and wasm['whole'] == decide('whole.cedar') == ['policy2'] and wasm['joined'] == decide('joined.cedar') == ['policy4'])
if not same:
    raise SystemExit('no longer as stated')
PY
