#!/usr/bin/env bash
# Guess:   Glue's GetTables takes a regular expression for the names and GetPartitions takes a filter, and two emulators of the
#          catalog answer both alike.
# Happens: ministack reads the expression as a shell pattern for the whole name: `orders.*` and `orders|returns` match nothing,
#          `ord?rs` matches. moto reads a mix: a regular expression in which `*` alone is a wildcard, matched from the start, so
#          that plain `orders` also finds orders_raw. ministack does not look at the filter of GetPartitions: all come back.
# Version: moto 5.2.5, ministack 1.5.33
# Source:  moto, glue/models.py (get_tables); ministack, services/glue.py (_get_tables, _get_partitions)
# Matters: a job that lists tables or prunes partitions passes its tests with one emulator and reads too much or nothing with
#          the other. Only a name without wildcards that is no prefix of another gives the same answer in both.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'moto[glue]==5.2.5' ministack==1.5.33 boto3==1.43.106 botocore==1.43.106

export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
GATEWAY_PORT=$(env/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export GATEWAY_PORT
TMPDIR=$work HOME=$work env/bin/python -m ministack >server.log 2>&1 &
server=$!

env/bin/python - <<'PY'
import os, socket, time
from importlib.metadata import version

import boto3
from moto import mock_aws

expressions = ('orders', 'orders.*', 'orders*', 'orders|returns', 'ord?rs', '.*raw$')
filter_ = "day > '2024-01-15'"

def answers(client):
    client.create_database(DatabaseInput={'Name': 'sales'})
    for table in ('orders', 'orders_raw', 'returns'):
        client.create_table(DatabaseName='sales', TableInput={'Name': table, 'PartitionKeys': [{'Name': 'day', 'Type': 'date'}]})
    for day in ('2024-01-01', '2024-02-01'):
        client.create_partition(DatabaseName='sales', TableName='orders', PartitionInput={'Values': [day]})
    tables = {expression: [table['Name'] for table in client.get_tables(DatabaseName='sales', Expression=expression)['TableList']]
              for expression in expressions}
    partitions = client.get_partitions(DatabaseName='sales', TableName='orders', Expression=filter_)['Partitions']
    return {**tables, filter_: [partition['Values'][0] for partition in partitions]}

with mock_aws():
    by_moto = answers(boto3.client('glue'))
port = int(os.environ['GATEWAY_PORT'])
for _ in range(150):  # the server takes a few seconds
    with socket.socket() as probe:
        if probe.connect_ex(('127.0.0.1', port)) == 0:
            break
    time.sleep(0.2)
by_ministack = answers(boto3.client('glue', endpoint_url=f'http://127.0.0.1:{port}'))

both, everything = ['orders', 'orders_raw'], ['orders', 'orders_raw', 'returns']
expected = {
    'orders': (both, ['orders']), 'orders.*': (both, []), 'orders*': (both, both), 'orders|returns': (everything, []),
    'ord?rs': ([], ['orders']), '.*raw$': (['orders_raw'], []), filter_: (['2024-02-01'], ['2024-01-01', '2024-02-01']),
}
print('moto', version('moto'), '| ministack', version('ministack'))
print('Tables orders, orders_raw, returns; partitions 2024-01-01, 2024-02-01:')
same = True
for expression, want in expected.items():
    got = (by_moto[expression], by_ministack[expression])
    print(f'  {expression}: moto {got[0]}, ministack {got[1]}')
    same = same and got == want
if not same:
    raise SystemExit('no longer as stated')
PY
