"""The part of CodeCommit's API that reads and renames the repositories that CloudFormation created."""

import json
from typing import Any

from generic import RESOURCES
from ministack.core.responses import get_account_id, get_region

Json = dict[str, Any]

TYPE = "AWS::CodeCommit::Repository"
PREFIX = "CodeCommit_20150413."


def _found(name: str) -> Json | None:
    place = (get_account_id(), get_region(), TYPE)
    return next((record for key, record in RESOURCES.items()
                 if key[:3] == place and record["properties"].get("RepositoryName") == name), None)


def _failed(code: str, name: str) -> tuple[int, Json, Json]:
    return 400, {"x-amzn-errortype": code}, {"__type": code, "message": f"{name}: {code}"}


def answer(_path: str, target: str, body: bytes) -> tuple[int, Json, Json]:
    """GetRepository and UpdateRepositoryName, with the errors of their pages in the CodeCommit API reference."""
    operation, asked = target.removeprefix(PREFIX), json.loads(body or b"{}")
    if operation not in ("GetRepository", "UpdateRepositoryName"):
        return _failed("UnknownOperationException", target)
    name = asked["repositoryName" if operation == "GetRepository" else "oldName"]
    record = _found(name)
    if record is None:
        return _failed("RepositoryDoesNotExistException", name)
    headers = {"content-type": "application/x-amz-json-1.1"}
    if operation == "GetRepository":
        return 200, headers, {"repositoryMetadata": {"repositoryName": name}}
    if _found(asked["newName"]):
        return _failed("RepositoryNameExistsException", asked["newName"])
    record["properties"]["RepositoryName"] = asked["newName"]
    return 200, headers, {}
