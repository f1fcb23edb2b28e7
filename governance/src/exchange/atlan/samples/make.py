"""Writes pyatlan.json: personas, purposes and policies as pyatlan writes them.

python3 -m venv venv && venv/bin/pip install pyatlan==11.6.0 && venv/bin/python make.py > pyatlan.json
"""

import json
from unittest.mock import Mock

from pyatlan.client.atlan import AtlanClient
from pyatlan.model.assets import Persona, Purpose
from pyatlan.model.enums import (
    AuthPolicyType,
    DataMaskingType,
    PersonaDomainAction,
    PersonaGlossaryAction,
    PersonaMetadataAction,
    PurposeMetadataAction,
)

WAREHOUSE = "default/glue/1700000000"


def persona():
    analysts = Persona.creator(name="Data analysts")
    analysts.guid = "-1"
    analysts.persona_groups = {"TeamB"}
    analysts.persona_users = {"jo"}
    analysts.is_access_control_enabled = True
    metadata = Persona.create_metadata_policy(
        name="Describe",
        persona_id="-1",
        policy_type=AuthPolicyType.ALLOW,
        actions={PersonaMetadataAction.READ, PersonaMetadataAction.UPDATE, PersonaMetadataAction.DQ_READ},
        connection_qualified_name=WAREHOUSE,
        resources={f"entity:{WAREHOUSE}"},
    )
    tables = Persona.create_metadata_policy(
        name="Keep tags",
        persona_id="-1",
        policy_type=AuthPolicyType.DENY,
        actions={PersonaMetadataAction.REMOVE_ATLAN_TAG},
        connection_qualified_name=WAREHOUSE,
        resources={f"entity:{WAREHOUSE}/airline/sales", f"entity:{WAREHOUSE}/airline/unknown"},
    )
    data = Persona.create_data_policy(
        name="Query",
        persona_id="-1",
        policy_type=AuthPolicyType.ALLOW,
        connection_qualified_name=WAREHOUSE,
        resources={f"entity:{WAREHOUSE}/airline/sales"},
    )
    glossary = Persona.create_glossary_policy(
        name="Write terms",
        persona_id="-1",
        policy_type=AuthPolicyType.ALLOW,
        actions={PersonaGlossaryAction.UPDATE},
        resources={"entity:gLoSsArY1"},
    )
    domain = Persona.create_domain_policy(
        name="Read domain",
        persona_id="-1",
        actions={PersonaDomainAction.READ_DOMAIN, PersonaDomainAction.CREATE_PRODUCTS},
        resources={"entity:default/domain/AbC123/super"},
    )
    return [analysts, metadata, tables, data, glossary, domain]


def purpose():
    client = Mock(spec=AtlanClient)
    client.group_cache.get_id_for_name.return_value = "id"
    client.user_cache.get_id_for_name.return_value = "id"
    pii = Purpose.creator(name="Personal data", atlan_tags=["pii"])
    pii.guid = "-2"
    keep = Purpose.create_metadata_policy(
        client=client,
        name="Nobody untags",
        purpose_id="-2",
        policy_type=AuthPolicyType.DENY,
        actions={PurposeMetadataAction.REMOVE_ATLAN_TAG, PurposeMetadataAction.READ_ATLAN_TAG},
        all_users=True,
    )
    mask = Purpose.create_data_policy(
        client=client,
        name="Mask",
        purpose_id="-2",
        policy_type=AuthPolicyType.DATA_MASK,
        policy_groups={"TeamB"},
    )
    mask.policy_mask_type = DataMaskingType.SHOW_LAST_4
    return [pii, keep, mask]


def plain(asset):
    return json.loads(asset.json(by_alias=True, exclude_unset=True))


def ordered(value):
    """Sets have no order."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        items = [ordered(item) for item in value]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    return value


if __name__ == "__main__":
    print(json.dumps([ordered(plain(asset)) for asset in persona() + purpose()], indent=2))
