#!/usr/bin/env bash
# Guess:   reading a template into troposphere and writing it again keeps what protects data.
# Happens: `TemplateGenerator` keeps `DeletionPolicy`, and drops `UpdateReplacePolicy` of every resource and the sections `Rules` and
#          `Hooks` without a word, although a resource made in Python may have an `UpdateReplacePolicy`.
# Version: troposphere 4.11.1
# Source:  CloudFormation template reference, UpdateReplacePolicy attribute, Rules; troposphere, template_generator.py
# Matters: a bucket or a database that was to be kept when an update replaces it is deleted with its data, after a change that
#          only went through the generator.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check troposphere==4.11.1

env/bin/python - <<'PY'
from importlib.metadata import version

from troposphere.s3 import Bucket
from troposphere.template_generator import TemplateGenerator

template = {
    'AWSTemplateFormatVersion': '2010-09-09',
    'Parameters': {'Stage': {'Type': 'String'}},
    'Rules': {'Known': {'Assertions': [{'Assert': {'Fn::Equals': [{'Ref': 'Stage'}, 'dev']}}]}},
    'Resources': {'Data': {'Type': 'AWS::S3::Bucket', 'DeletionPolicy': 'Retain',
                           'UpdateReplacePolicy': 'Retain', 'Properties': {}}},
}
written = TemplateGenerator(template).to_dict()
bucket = written['Resources']['Data']
by_hand = Bucket('Data', UpdateReplacePolicy='Retain').to_dict()
print('troposphere', version('troposphere'))
print('  read and written:', bucket, '| sections:', sorted(written))
print('  made in Python:', by_hand)
if not (
    bucket.get('DeletionPolicy') == 'Retain' and 'UpdateReplacePolicy' not in bucket
    and 'Rules' not in written and by_hand.get('UpdateReplacePolicy') == 'Retain'
):
    raise SystemExit('no longer as stated')
PY
