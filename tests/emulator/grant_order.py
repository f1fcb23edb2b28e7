"""Lake Formation grants that CloudFormation could create concurrently."""

import functools
from typing import Any

from generic import handler_error
from ministack.services import cloudformation
from ministack.services.cloudformation import engine

Json = dict[str, Any]

GRANT = "AWS::LakeFormation::PrincipalPermissions"


def database_of(grant: Json) -> tuple | None:
    for kind, target in grant["Resource"].items():
        key = "Name" if kind == "Database" else "DatabaseName"
        if isinstance(target, dict) and key in target:
            return target.get("CatalogId") or target.get("TableCatalogId"), target[key]
    return None


@functools.lru_cache(maxsize=16)
def grant_dependencies(template_body: str) -> dict[str, set[str]]:
    """For every grant of a template, all resources that it depends on."""
    resources = engine._parse_template(template_body).get("Resources", {})
    direct = {name: engine._extract_deps(resource, set(resources)) for name, resource in resources.items()}
    result: dict[str, set[str]] = {}
    for name in (name for name, resource in resources.items() if resource.get("Type") == GRANT):
        result[name], todo = set[str](), [name]
        while todo:
            new = direct[todo.pop()] - result[name]
            result[name] |= new
            todo.extend(new)
    return result


def check(logical_id: str, props: Json, stack_name: str) -> None:
    """Refuse a grant that CloudFormation could create while it creates another one on the same database.

    ministack works serially, so the overlap is derived: it is possible if neither grant depends on the other.
    """
    stack, database = cloudformation._stacks[stack_name], database_of(props)
    waits = grant_dependencies(stack["_template_body"])
    for other in waits.keys() & stack["_resources"].keys() - {logical_id}:
        if (database and database_of(stack["_resources"][other]["Properties"]) == database
                and other not in waits.get(logical_id, ()) and logical_id not in waits[other]):
            raise handler_error(f"ConcurrentModificationException: {logical_id} and {other} modify database "
                                f"{database[1]} at the same time", "ConcurrentModificationException")
