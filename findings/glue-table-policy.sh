#!/usr/bin/env bash
# Guess:   a policy that policy_sentry writes for reading one Glue table names what its own data says those actions need, and
#          passes parliament, which knows the same data.
# Happens: the policy names the table alone. Both packages list the database and the catalog as required for glue:GetTable as
#          well, and parliament reports all thirteen actions as a mismatch. Asked about the database and the catalog too,
#          policy_sentry writes one statement for each, and parliament refuses each statement for what the other two have.
# Version: policy_sentry 0.15.2, parliament 1.6.4
# Source:  policy_sentry, writing/sid_group.py (one statement for each type of ARN); parliament, statement.py
#          (get_resources_for_privilege and its callers)
# Matters: a Glue table is reached through three resources at once. The writer's result is too little by its own data, and a
#          pipeline that writes with the one and checks with the other never passes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
  policy_sentry==0.15.2 parliament==1.6.4

env/bin/python -W ignore - <<'PY'
import json
from importlib.metadata import version

from parliament import analyze_policy_string
from policy_sentry.command.write_policy import write_policy_with_template
from policy_sentry.querying.actions import get_action_data
from policy_sentry.writing.template import get_crud_template_dict

print('policy_sentry', version('policy_sentry'), '| parliament', version('parliament'))
glue = 'arn:aws:glue:us-east-1:111122223333:'
print('policy_sentry on glue:GetTable:', sorted(
    entry['resource_arn_format'] for entry in get_action_data('glue', 'GetTable')['glue'] if entry['resource_arn_format'] != '*'))

def write(*resources):
    template = get_crud_template_dict()
    template['read'] = [glue + resource for resource in resources]
    return write_policy_with_template(template)

def mismatched(policy):
    findings = analyze_policy_string(json.dumps(policy)).findings
    return {detail['action'] for finding in findings if finding.issue == 'RESOURCE_MISMATCH' for detail in finding.detail}

alone = write('table/sales/orders')
actions = set(alone['Statement'][0]['Action'])
print(f'written for the table: {len(alone["Statement"])} statement on {alone["Statement"][0]["Resource"]}, '
      f'{len(actions)} actions, of which parliament reports {len(actions & mismatched(alone))}')

split = write('table/sales/orders', 'database/sales', 'catalog')
print('written for the table, the database and the catalog:',
      [(statement['Sid'], len(statement['Resource'])) for statement in split['Statement']],
      '- glue:GetTable reported:', 'glue:GetTable' in mismatched(split))

# The same actions on the three resources in one statement are what the linter wants.
joined = {'Version': '2012-10-17', 'Statement': [{
    'Effect': 'Allow', 'Action': 'glue:GetTable',
    'Resource': [glue + 'table/sales/orders', glue + 'database/sales', glue + 'catalog']}]}
print('one statement on all three: reported', sorted(mismatched(joined)))
same = (len(actions) == 13 and actions <= mismatched(alone) and 'glue:GetTable' in mismatched(split)
        and all(len(statement['Resource']) == 1 for statement in split['Statement']) and not mismatched(joined))
if not same:
    raise SystemExit('no longer as stated')
PY
