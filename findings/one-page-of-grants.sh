#!/usr/bin/env bash
# Guess:   the AWS CLI reads all pages of a list, as its documentation says of paginated commands, whichever service the list is of.
# Happens: it does so only where the model names a paginator. Lake Formation's `list-data-cells-filter` and CloudFormation's
#          `list-stack-resources` have one; `list-permissions`, `list-resources` and `describe-stack-resource-drifts` have none.
#          They print the first page. A NextToken at the end is all that tells, and any `--query` hides it.
# Version: awscli 1.46.3, botocore 1.43.106
# Source:  botocore, data/lakeformation and data/cloudformation (paginators-1.json); a server of two pages on this machine answers
# Matters: a review of who may read what, or of what has drifted, silently ends after the first page, next to a command of the
#          same service that does not. Ask for more with `--next-token` until there is none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check awscli==1.46.3 botocore==1.43.106

export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1 HOME=$work
export AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
env/bin/python - <<'PY'
import json, subprocess, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from urllib.parse import parse_qs

LISTS = {'ListPermissions': 'PrincipalResourcePermissions', 'ListResources': 'ResourceInfoList',
         'ListDataCellsFilter': 'DataCellsFilters'}
DRIFT = ('<StackId>s</StackId><LogicalResourceId>r</LogicalResourceId><ResourceType>AWS::S3::Bucket</ResourceType>'
         '<StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus><Timestamp>2024-01-01T00:00:00Z</Timestamp>')
SUMMARY = ('<LogicalResourceId>r</LogicalResourceId><ResourceType>AWS::S3::Bucket</ResourceType>'
           '<ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2024-01-01T00:00:00Z</LastUpdatedTimestamp>')
MEMBERS = {'DescribeStackResourceDrifts': ('StackResourceDrifts', DRIFT), 'ListStackResources': ('StackResourceSummaries', SUMMARY)}

class TwoPages(BaseHTTPRequestHandler):
    """Two entries and a token; with the token, two more."""
    def do_POST(self):
        asked = self.rfile.read(int(self.headers['Content-Length'])).decode()
        if self.path == '/':
            query = parse_qs(asked)
            action = query['Action'][0]
            name, member = MEMBERS[action]
            token = '' if 'NextToken' in query else '<NextToken>more</NextToken>'
            body = (f'<{action}Response><{action}Result><{name}>{f"<member>{member}</member>" * 2}</{name}>{token}'
                    f'</{action}Result></{action}Response>')
        else:
            page = {LISTS[self.path[1:]]: [{}, {}]}
            body = json.dumps(page if 'NextToken' in json.loads(asked) else {**page, 'NextToken': 'more'})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass

server = HTTPServer(('127.0.0.1', 0), TwoPages)
threading.Thread(target=server.serve_forever, daemon=True).start()
print('awscli', version('awscli') + ', botocore', version('botocore'))
same = True
for command, name, want in (
    ('lakeformation list-data-cells-filter', 'DataCellsFilters', 4),
    ('lakeformation list-permissions', 'PrincipalResourcePermissions', 2),
    ('lakeformation list-resources', 'ResourceInfoList', 2),
    ('cloudformation list-stack-resources --stack-name s', 'StackResourceSummaries', 4),
    ('cloudformation describe-stack-resource-drifts --stack-name s', 'StackResourceDrifts', 2),
):
    run = ['env/bin/aws', *command.split(), '--endpoint-url', f'http://127.0.0.1:{server.server_port}', '--query', f'length({name})']
    got = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    print(f'  {command}: {got} of 4')
    same = same and got == want
if not same:
    raise SystemExit('no longer as stated')
PY
