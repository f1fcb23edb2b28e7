#!/usr/bin/env bash
# Guess:   DataHub's package has one URN for one name. `make_domain_urn("Sales, EMEA")` is the text of `DomainUrn("Sales, EMEA")`.
# Happens: the function for domains leaves the comma, and the class writes it as %2C. Terms and data products differ in the same way,
#          tags, groups and users do not. The class refuses what the function made, and so does the package's own `Dataset`.
#          `DataProduct` makes its URN by the function.
# Version: acryl-datahub 1.7.0.17
# Source:  acryl-datahub, datahub/emitter/mce_builder.py and datahub/metadata/_urns/urn_defs.py
# Matters: a policy that is limited to a domain or a term holds its URN as text. Where the policy and the table were written by the
#          two ways, the policy names a domain that the table is not in. Use ids without commas and brackets.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check acryl-datahub==1.7.0.17

export DATAHUB_TELEMETRY_ENABLED=false HOME=$work
env/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import datahub.emitter.mce_builder as made
import datahub.metadata.urns as urns
from datahub.api.entities.dataproduct.dataproduct import DataProduct
from datahub.sdk import Dataset

print('acryl-datahub', version('acryl-datahub'))
same = True
for function, kind, differs in (
    (made.make_domain_urn, urns.DomainUrn, True),
    (made.make_term_urn, urns.GlossaryTermUrn, True),
    (made.make_data_product_urn, urns.DataProductUrn, True),
    (made.make_tag_urn, urns.TagUrn, False),
    (made.make_group_urn, urns.CorpGroupUrn, False),
    (made.make_user_urn, urns.CorpUserUrn, False),
):
    one, other = function('Sales, EMEA'), str(kind('Sales, EMEA'))
    try:
        kind.from_string(one)
        read = 'read'
    except urns.InvalidUrnError:
        read = 'refused'
    print(f'  {function.__name__}: {one}   {kind.__name__}: {other}   the first is {read} by the class')
    same = same and (one != other) == differs and (read == 'refused') == differs

def dataset(domain):
    try:
        return str(Dataset(platform='glue', name='sales.orders', domain=domain).domain)
    except urns.InvalidUrnError as error:
        return str(error)

refused, taken = dataset(made.make_domain_urn('Sales, EMEA')), dataset(str(urns.DomainUrn('Sales, EMEA')))
product = DataProduct(id='Orders (EU)', domain='Sales, EMEA').urn
print('  Dataset with the first:', refused)
print('  Dataset with the second:', taken)
print('  DataProduct:', product)
if not (same and 'reserved characters' in refused and taken == 'urn:li:domain:Sales%2C EMEA'
        and product == 'urn:li:dataProduct:Orders (EU)'):
    raise SystemExit('no longer as stated')
PY
