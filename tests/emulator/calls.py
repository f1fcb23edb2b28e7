"""The caller, and the simulated calls of CloudFormation's handlers."""

import contextvars
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import sts

Json = dict[str, Any]

# The caller's ARN, for the current request.
CALLER: contextvars.ContextVar[str] = contextvars.ContextVar("caller", default="")
CALLS: list[Json] = []


def set_caller(access_key: str) -> None:
    session = sts._sessions.get(access_key) or {}
    CALLER.set(session.get("Arn") or f"arn:aws:iam::{access_key}:root")


def record(kind: str, logical_id: str, action: str, resource: str, request_tags: Json, resource_tags: Json,
           allowed: bool) -> None:
    CALLS.append({"account": get_account_id(), "region": get_region(), "type": kind, "logical_id": logical_id,
                  "action": action, "resource": resource, "request_tags": request_tags,
                  "resource_tags": resource_tags, "allowed": allowed})
