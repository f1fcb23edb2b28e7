#!/usr/bin/env bash
# Guess:   two ranges of addresses that lie in each other are equal: ip("10.0.0.5/24") is ip("10.0.0.0/24").
# Happens: Cedar keeps the address as it was written. Each of the two is in the range of the other, and they are not equal; a set
#          that holds the one does not contain the other. A single address does equal its own /32. Durations are compared by
#          what they mean ("1d" is "24h"), and so are decimals ("1.10" is "1.1").
# Version: cedarpy 4.12.2 (Cedar 4)
# Source:  Cedar's ipaddr extension, as cedarpy has it
# Matters: IAM takes 10.0.0.5/24 for the range. Conditions on aws:SourceIp that are turned into == or contains() in Cedar hold
#          for the spelling only. Use isInRange, in both directions for equality.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cedarpy==4.12.2

env/bin/python - <<'PY'
from importlib.metadata import version

import cedarpy

request = {'principal': 'User::"a"', 'action': 'Action::"read"', 'resource': 'Table::"t"', 'context': {}}

def holds(condition):
    result = cedarpy.is_authorized(request, f'permit (principal, action, resource) when {{ {condition} }};', [])
    assert not result.diagnostics.errors, result.diagnostics.errors
    return result.decision == cedarpy.Decision.Allow

print('cedarpy', version('cedarpy'))
same = True
for condition, want in (
    ('ip("10.0.0.5/24").isInRange(ip("10.0.0.0/24"))', True),
    ('ip("10.0.0.0/24").isInRange(ip("10.0.0.5/24"))', True),
    ('ip("10.0.0.5/24") == ip("10.0.0.0/24")', False),
    ('[ip("10.0.0.0/24")].contains(ip("10.0.0.5/24"))', False),
    ('ip("10.0.0.5") == ip("10.0.0.5/32")', True),
    ('duration("1d") == duration("24h")', True),
    ('decimal("1.10") == decimal("1.1")', True),
):
    got = holds(condition)
    print(f'  {condition}: {got}')
    same = same and got == want
if not same:
    raise SystemExit('no longer as stated')
PY
