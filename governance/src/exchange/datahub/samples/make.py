"""Writes proposal.json: a policy as a proposal of acryl-datahub.

python3 -m venv venv && venv/bin/pip install acryl-datahub==1.7.0.17 && venv/bin/python make.py > proposal.json
"""

import json

from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.metadata.schema_classes import (
    DataHubActorFilterClass,
    DataHubPolicyInfoClass,
    DataHubResourceFilterClass,
    PolicyMatchConditionClass,
    PolicyMatchCriterionClass,
    PolicyMatchFilterClass,
)

POLICY = DataHubPolicyInfoClass(
    displayName="Stewards tag personal data",
    description="In the domain of flights",
    type="METADATA",
    state="ACTIVE",
    privileges=["EDIT_ENTITY_TAGS", "EDIT_DATASET_COL_TAGS"],
    actors=DataHubActorFilterClass(groups=["urn:li:corpGroup:Stewards"], resourceOwners=True),
    resources=DataHubResourceFilterClass(
        filter=PolicyMatchFilterClass(
            criteria=[
                PolicyMatchCriterionClass(
                    field="TYPE", values=["dataset"], condition=PolicyMatchConditionClass.EQUALS
                ),
                PolicyMatchCriterionClass(
                    field="DOMAIN", values=["urn:li:domain:airline"], condition=PolicyMatchConditionClass.EQUALS
                ),
            ]
        )
    ),
)

if __name__ == "__main__":
    proposal = MetadataChangeProposalWrapper(entityUrn="urn:li:dataHubPolicy:stewards", aspect=POLICY)
    print(json.dumps([proposal.to_obj(simplified_structure=True)], indent=2, sort_keys=True))
