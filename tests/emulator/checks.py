"""Checks before a resource's handler runs."""

import json
from typing import Any, Callable

import grant_order
import names
import tags
from endpoints import FAULTS
from generic import handler_error
from schema import Schema

Json = dict[str, Any]

# By type. Called with logical id, properties and stack name before a resource is created or
# updated.
CHECKS: dict[str, list[Callable[[str, Json, str], None]]] = {grant_order.GRANT: [grant_order.check]}


def checked(schema: Schema, handler: Json) -> Json:
    """A resource handler that runs only if the properties pass the checks."""

    def check(logical_id: str, props: Json, stack_name: str) -> None:
        if violations := schema.violations(props):
            raise ValueError(f"Properties validation failed for resource {logical_id} with message:\n"
                             + "\n".join(violations))
        for one in CHECKS.get(schema.type, ()):
            one(logical_id, props, stack_name)
        text = json.dumps(props, default=str)
        for fault in FAULTS:
            if fault["times"] > 0 and fault["type"] == schema.type and fault["contains"] in text:
                fault["times"] -= 1
                raise handler_error(fault["message"], "GeneralServiceException")

    def create(logical_id: str, props: Json, stack_name: str) -> tuple:
        check(logical_id, props, stack_name)
        names.check_new(schema.type, props)
        return handler["create"](logical_id, props, stack_name)

    def update(physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple:
        check(logical_id, new, stack_name)
        tags.check_update(schema, physical_id, logical_id, old, new, stack_name)
        extra = [logical_id] if handler.get("update_with_logical_id") else []
        return handler["update"](physical_id, old, new, stack_name, *extra)

    updating = {"update": update, "update_with_logical_id": True} if "update" in handler else {}
    return {**handler, "create": create, **updating}
