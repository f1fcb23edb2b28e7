"""IAM as far as the emulator needs it: roles, their policies, and a small evaluator of statements."""

import fnmatch
import json
import re
from typing import Any, Callable, Iterator

from generic import RESOURCES, Part
from ministack.services import iam

Json = dict[str, Any]

ROLE_ARN = re.compile(r"arn:[^:]+:iam::(\d{12}):role/(.+)")
# A context value that every pattern matches.
ANYTHING = "\0anything"


def as_list(value: Any) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def as_document(policy: Any) -> Json:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return {}
    return policy if isinstance(policy, dict) else {}


def statements(policy: Any) -> list[Json]:
    return [one for one in as_list(as_document(policy).get("Statement")) if isinstance(one, dict)]


def find_role(arn: str) -> Json | None:
    """The role with an ARN, in any account."""
    if found := ROLE_ARN.fullmatch(arn):
        role = iam._roles.get_scoped(found[1], None, found[2].rsplit("/", 1)[-1])
        return role if role and role["Arn"] == arn else None
    return None


def matches(pattern: str, value: str) -> bool:
    """``*`` and ``?`` as IAM reads them; brackets have no meaning there."""
    return value == ANYTHING or fnmatch.fnmatchcase(value, str(pattern).replace("[", "[[]"))


def met(condition: Json | None, context: dict[str, list[str]]) -> bool:
    """Whether all conditions are met. Unknown operators, and keys that the request lacks, are not met."""
    facts = {key.lower(): values for key, values in context.items()}
    return all(_holds(operator, as_list(wanted), facts.get(key.lower()))
               for operator, keys in (condition or {}).items() for key, wanted in keys.items())


def _holds(operator: str, wanted: list, values: list[str] | None) -> bool:
    quantifier, _, operator = operator.rpartition(":")
    if operator == "Null":
        return all((values is None) == (str(one).lower() == "true") for one in wanted)
    if operator.endswith("IfExists"):
        if values is None:
            return True
        operator = operator.removesuffix("IfExists")
    like = operator in ("StringLike", "ArnLike", "ArnEquals")
    if not like and operator != "StringEquals":
        return False
    if values is None:
        return quantifier == "ForAllValues"

    def fits(value: str) -> bool:
        return any(matches(one, value) if like else value in (str(one), ANYTHING) for one in wanted)

    return all(map(fits, values)) if quantifier == "ForAllValues" else any(map(fits, values))


def role_policies(role: Json) -> Iterator[Any]:
    """The documents of a role's inline and attached policies."""
    yield from role["InlinePolicies"].values()
    account = role["Arn"].split(":")[4]
    for arn in role["AttachedPolicies"]:
        policy = iam._policies.get_scoped(account, None, arn) or iam._lookup_policy(arn) or {}
        for version in (policy.get("Versions") or {}).values():
            if version.get("IsDefaultVersion"):
                yield version["Document"]


def allows(role: Json, action: str, resource: str, context: dict[str, list[str]]) -> bool:
    """Whether the role's own policies allow an action; boundaries are ignored."""
    allowed = False
    for statement in (one for policy in role_policies(role) for one in statements(policy)):
        if _concerns(statement, action, resource) and met(statement.get("Condition"), context):
            if statement.get("Effect") == "Deny":
                return False
            allowed = True
    return allowed


def _concerns(statement: Json, action: str, resource: str) -> bool:
    def among(name: str, value: str) -> bool:
        return any(matches(one, value) for one in as_list(statement.get(name)))

    def lower(name: str) -> bool:
        return any(matches(one.lower(), action.lower()) for one in as_list(statement.get(name)))

    right_action = lower("Action") if "Action" in statement else not lower("NotAction")
    right_resource = among("Resource", resource) if "Resource" in statement else not among("NotResource", resource)
    return right_action and right_resource


class RolePolicy(Part):
    """AWS::IAM::RolePolicy, which ministack lacks: an inline policy of the role."""

    def delete(self, physical_id: str, props: Json) -> None:
        role = iam._roles.get(props.get("RoleName"))
        if role and self.key(physical_id) in RESOURCES:
            role["InlinePolicies"].pop(props["PolicyName"], None)
        super().delete(physical_id, props)

    def put(self, props: Json) -> None:
        # A role that the test did not create belongs to somebody else; it is assumed to exist.
        if role := iam._roles.get(props["RoleName"]):
            role["InlinePolicies"][props["PolicyName"]] = json.dumps(props.get("PolicyDocument") or {})


TYPES = {"AWS::IAM::RolePolicy": RolePolicy}


def with_boundaries(handler: Json) -> Json:
    """AWS::IAM::Role with its permissions boundary, which ministack's handler leaves out and GetRole tells."""

    def bounded(change: Callable[..., tuple], props: Callable[..., Json]) -> Callable[..., tuple]:
        def run(*arguments: Any, **more: Any) -> tuple:
            made = change(*arguments, **more)
            if role := iam._roles.get(made[0]):
                role["PermissionsBoundary"] = props(*arguments).get("PermissionsBoundary")
            return made

        return run

    changes = {"create": lambda _id, props, *_: props, "update": lambda _id, _old, props, *_: props}
    return {**handler, **{name: bounded(handler[name], props) for name, props in changes.items() if name in handler}}
