"""Policy stores of Verified Permissions: what their service refuses. It decides nothing here."""

import re
from typing import Any

from generic import RESOURCES, Generic, handler_error
from ministack.core.responses import get_account_id, get_region

Json = dict[str, Any]
# The effect, the principal and the resource of a policy whose scope has no parenthesis within a text.
SCOPE = re.compile(r"^\s*(permit|forbid)\s*\(\s*(principal[^,]*),\s*action\b.*?,\s*(resource[^,)]*)\)", re.DOTALL)


def _records(kind: str) -> dict[tuple, Json]:
    own = get_account_id(), get_region(), f"AWS::VerifiedPermissions::{kind}"
    return {key: record for key, record in RESOURCES.items() if key[:3] == own}


def _scope(props: Json) -> tuple[str, ...] | None:
    found = SCOPE.match(props["Definition"]["Static"]["Statement"])
    return found and tuple(" ".join(part.split()) for part in found.groups())


class PolicyStore(Generic):
    """AWS::VerifiedPermissions::PolicyStore. Source: DeletePolicyStore in the API reference."""

    def delete(self, physical_id: str, props: Json) -> None:
        if props.get("DeletionProtection", {}).get("Mode") == "ENABLED":
            raise handler_error(f"Policy store {physical_id} has deletion protection enabled", "InvalidRequest")
        super().delete(physical_id, props)


class Policy(Generic):
    """AWS::VerifiedPermissions::Policy. Source: CreatePolicy and UpdatePolicy in the API reference."""

    def _check(self, props: Json, own: str | None) -> None:
        store = props["PolicyStoreId"]
        if not any(record["attributes"]["PolicyStoreId"] == store for record in _records("PolicyStore").values()):
            raise handler_error(f"Policy store {store} does not exist", "NotFound")
        if not props.get("Name", "name/").startswith("name/"):
            raise handler_error("The name of a policy must be prefixed with name/", "InvalidRequest")
        for key, record in _records("Policy").items():
            other = record["properties"]
            if key[3] != own and (other["PolicyStoreId"], other.get("Name")) == (store, props.get("Name")):
                raise handler_error(f"A policy is named {props.get('Name')} already", "AlreadyExists")

    def create(self, logical_id: str, props: Json, stack_name: str) -> tuple[str, Json]:
        self._check(props, None)
        return super().create(logical_id, props, stack_name)

    def update(self, physical_id: str, old: Json, props: Json, stack_name: str,
               logical_id: str | None = None) -> tuple[str, Json]:
        self._check(props, physical_id)
        if _scope(old) != _scope(props):
            raise handler_error("The effect, principal and resource of a policy cannot be changed", "InvalidRequest")
        return super().update(physical_id, old, props, stack_name, logical_id)


TYPES = {"AWS::VerifiedPermissions::Policy": Policy, "AWS::VerifiedPermissions::PolicyStore": PolicyStore}
