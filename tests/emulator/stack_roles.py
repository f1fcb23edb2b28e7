"""The role that CloudFormation assumes: when a request must name it, when it can be assumed, and which one a stack keeps."""

import re
import time
from typing import Any, Callable

from behaviours import on
from calls import CALLER
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation, iam
from ministack.services.cloudformation import handlers
from ministack.services.cloudformation.changesets import _find_change_set
from ministack.services.cloudformation.helpers import _error, _p
from policies import find_role

Json = dict[str, Any]

# How long a new role cannot be assumed, in seconds.
LATE = 2.0


class Dated(dict):
    """A store of roles that records when each was created."""

    def __setitem__(self, key: Any, role: Json) -> None:
        role.setdefault("_made", time.monotonic())
        super().__setitem__(key, role)


def _refusal(action: str, params: Json) -> tuple | None:
    role = _p(params, "RoleARN")
    session = re.fullmatch(r"arn:[^:]+:sts::\d+:assumed-role/([^/]+)/.*", CALLER.get())
    # 2:7: a request without a role has no key cloudformation:RoleArn, which the deploy role's policy requires.
    if on("role-named") and action in ("CreateChangeSet", "DeleteStack") and not role:
        if session and "-deploy-" in session[1]:
            name = _p(params, "StackName")
            stack = name if name.startswith("arn:") else (
                f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{name}/*")
            return _error("AccessDenied", f"User: {CALLER.get()} is not authorized to perform: cloudformation:{action} "
                          f"on resource: {stack} because no identity-based policy allows the "
                          f"cloudformation:{action} action", 403)
    # 2:11: a new role is not known everywhere at once.
    if on("roles-late") and role:
        found = find_role(role)
        if not found or time.monotonic() - found.get("_made", 0.0) < LATE:
            return _error("ValidationError", f"Role {role} is invalid or cannot be assumed")
    return None


def _guarded(action: str, handle: Callable[[Json], tuple]) -> Callable[[Json], tuple]:
    def run(params: Json) -> tuple:
        if refusal := _refusal(action, params):
            return refusal
        name = _p(params, "StackName")
        if action == "ExecuteChangeSet":
            # The stack keeps the role of the change set that was executed last (2:7, rain PR #98).
            _, change_set = _find_change_set(_p(params, "ChangeSetName"), name)
            stack = change_set and cloudformation._stacks.get(change_set["StackName"])
            if stack and change_set.get("_role_arn"):
                stack["_role_arn"] = change_set["_role_arn"]
        answer = handle(params)
        if answer[0] < 400 and _p(params, "RoleARN"):
            if action == "CreateChangeSet":
                made = re.search(r"<Id>(.*?)</Id>", answer[2].decode())
                cloudformation._change_sets[made[1]]["_role_arn"] = _p(params, "RoleARN")
            elif stack := handlers._resolve_stack(name):
                stack["_role_arn"] = _p(params, "RoleARN")
        return answer

    return run


def _with_roles(describe: Callable[[Json], tuple]) -> Callable[[Json], tuple]:
    """Adds the stack's role to DescribeStacks; ministack does not store it."""

    def run(params: Json) -> tuple:
        status, headers, body = describe(params)
        for stack in cloudformation._stacks.values():
            if role := stack.get("_role_arn"):
                there = f"<StackId>{stack['StackId']}</StackId>".encode()
                body = body.replace(there, there + f"<RoleARN>{role}</RoleARN>".encode())
        return status, headers, body

    return run


def install() -> None:
    iam._roles._data = Dated(iam._roles._data)
    for action in ("CreateChangeSet", "ExecuteChangeSet", "CreateStack", "UpdateStack", "DeleteStack"):
        handlers._ACTION_HANDLERS[action] = _guarded(action, handlers._ACTION_HANDLERS[action])
    handlers._ACTION_HANDLERS["DescribeStacks"] = _with_roles(handlers._ACTION_HANDLERS["DescribeStacks"])
