"""Small additions to services: Glue's triggers and resource policy, CodeBuild's limit, SageMaker's lists."""

import json
import time
import uuid
from typing import Any, Callable

from behaviours import on
from generic import RESOURCES, Generic
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import codebuild, efs, glue
from ministack.services.cloudformation import provisioners

Json = dict[str, Any]

TRIGGER = "AWS::Glue::Trigger"
# The apps in SageMaker domains, as tests declare them.
APPS: list[Json] = []
# By account and region.
RESOURCE_POLICIES: dict[tuple[str, str], Json] = {}


def with_first_start_only(handler: Json) -> Json:
    """1:20: StartOnCreation applies only to the first creation of a trigger. A changed or replaced trigger stays CREATED."""

    def inactive(name: str) -> None:
        if on("trigger-inactive") and name in glue._triggers:
            glue._triggers[name]["State"] = "CREATED"

    def create(logical_id: str, props: Json, stack_name: str) -> tuple:
        made = handler["create"](logical_id, props, stack_name)
        # Only an update of a resource collects the predecessors that it must delete.
        if provisioners._DEFERRED_PREDECESSOR_DELETES.get() is not None:
            inactive(made[0])
        return made

    def update(physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str | None = None) -> tuple:
        updated = handler["update"](physical_id, old, new, stack_name, logical_id)
        if {**old, "Tags": None} != {**new, "Tags": None}:
            inactive(updated[0])
        return updated

    return {**handler, "create": create, "update": update}


def _builds_refused(start: Callable[[Json], tuple]) -> Callable[[Json], tuple]:
    def run(data: Json) -> tuple:
        # 2:6: this happens even if the quota page shows a higher number.
        if on("builds-refused"):
            return error_response_json("AccountLimitExceededException",
                                       "Cannot have more than 0 builds in queue for the account", 400)
        return start(data)

    return run


def _glue_policies(handle: Callable[..., tuple]) -> Callable[..., tuple]:
    """GetResourcePolicy, PutResourcePolicy and DeleteResourcePolicy of the catalog (1:19), which ministack lacks."""

    def run(method: str, path: str, headers: Json, body: bytes, query: Json) -> tuple:
        action, key = headers.get("x-amz-target", "").rpartition(".")[2], (get_account_id(), get_region())
        if action not in ("GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy"):
            return handle(method, path, headers, body, query)
        if action == "PutResourcePolicy":
            stored = {"PolicyInJson": json.loads(body)["PolicyInJson"], "PolicyHash": uuid.uuid4().hex,
                      "CreateTime": int(time.time()), "UpdateTime": int(time.time())}
            RESOURCE_POLICIES[key] = stored
            return json_response({"PolicyHash": stored["PolicyHash"]})
        if key not in RESOURCE_POLICIES:
            return error_response_json("EntityNotFoundException", "Policy not found", 400)
        if action == "DeleteResourcePolicy":
            del RESOURCE_POLICIES[key]
            return json_response({})
        return json_response(RESOURCE_POLICIES[key])

    return run


class Domain(Generic):
    """AWS::SageMaker::Domain: its file system remains after it is deleted (2:10, h:5.10)."""

    def create(self, logical_id: str, props: Json, stack_name: str) -> tuple[str, Json]:
        identifier, attributes = super().create(logical_id, props, stack_name)
        made = json.loads(efs._create_file_system({
            "CreationToken": identifier, "Encrypted": True, "KmsKeyId": props.get("KmsKeyId", ""),
            "Tags": [{"Key": "ManagedByAmazonSageMakerResource", "Value": attributes["DomainArn"]}]})[2])
        # The EFS service chose an id, but the domain's attribute has another one for the file
        # system.
        record = efs._file_systems.pop(made["FileSystemId"])
        name = attributes["HomeEfsFileSystemId"]
        record.update(FileSystemId=name, FileSystemArn=record["FileSystemArn"].replace(made["FileSystemId"], name))
        efs._file_systems[name] = record
        return identifier, attributes


TYPES = {"AWS::SageMaker::Domain": Domain}


def add_app(body: Json) -> list[Json]:
    """``POST /_test/apps``: adds an app that runs in a domain, for a user profile or in a space."""
    if body:
        APPS.append({"account": body["account"], "region": body["region"], "DomainId": body["domain_id"],
                     "AppType": body["app_type"], "AppName": body["app_name"], "Status": "InService",
                     "CreationTime": int(time.time()),
                     **{to: body[name] for name, to in (("user_profile", "UserProfileName"),
                                                        ("space_name", "SpaceName")) if body.get(name)}})
    return APPS


def _matching(entries: list[Json], request: Json) -> list[Json]:
    wanted = {field: request[f"{field}Equals"] for field in ("DomainId", "UserProfileName", "SpaceName")
              if request.get(f"{field}Equals")}
    return [{name: value for name, value in entry.items() if name not in ("account", "region")} for entry in entries
            if all(entry.get(field) == value for field, value in wanted.items())]


def _records(kind: str) -> list[Json]:
    own = get_account_id(), get_region(), f"AWS::SageMaker::{kind}"
    return [record for key, record in RESOURCES.items() if key[:3] == own]


def _apps() -> list[Json]:
    return [app for app in APPS if (app["account"], app["region"]) == (get_account_id(), get_region())]


def list_domains(_request: Json) -> Json:
    return {"Domains": [{
        "DomainArn": one["attributes"]["DomainArn"], "DomainId": one["attributes"]["DomainId"],
        "DomainName": one["properties"]["DomainName"], "Status": "InService", "Url": one["attributes"]["Url"],
    } for one in _records("Domain")]}


def list_user_profiles(request: Json) -> Json:
    return {"UserProfiles": _matching([{
        "DomainId": one["properties"]["DomainId"], "UserProfileName": one["properties"]["UserProfileName"],
        "Status": "InService"} for one in _records("UserProfile")], request)}


def list_apps(request: Json) -> Json:
    return {"Apps": _matching(_apps(), request)}


def list_spaces(request: Json) -> Json:
    spaces = {(app["DomainId"], app["SpaceName"]): app for app in _apps() if "SpaceName" in app}
    return {"Spaces": _matching([{"DomainId": app["DomainId"], "SpaceName": app["SpaceName"], "Status": "InService"}
                                 for app in spaces.values()], request)}


OPERATIONS: dict[str, Callable[[Json], Json]] = {
    "ListDomains": list_domains, "ListUserProfiles": list_user_profiles, "ListApps": list_apps,
    "ListSpaces": list_spaces}


def answer_sagemaker(_path: str, target: str, body: bytes) -> tuple[int, Json, Json]:
    operation = OPERATIONS.get(target.removeprefix("SageMaker."))
    if operation is None:
        return 400, {"x-amzn-errortype": "UnknownOperationException"}, {
            "__type": "UnknownOperationException", "message": f"{target} is not an operation of the emulator"}
    return 200, {"content-type": "application/x-amz-json-1.1"}, operation(json.loads(body or b"{}"))


def _tables_of_existing(get_tables: Callable[[Json], tuple]) -> Callable[[Json], tuple]:
    """An error for a database that does not exist; ministack would return an empty list of tables."""

    def run(data: Json) -> tuple:
        if data.get("DatabaseName") not in glue._databases:
            return error_response_json("EntityNotFoundException", f"Database {data.get('DatabaseName')} not found.",
                                       400)
        return get_tables(data)

    return run


def install() -> None:
    glue._get_tables = _tables_of_existing(glue._get_tables)
    codebuild._start_build = _builds_refused(codebuild._start_build)
    glue._handle_request_sync = _glue_policies(glue._handle_request_sync)
    provisioners._RESOURCE_HANDLERS[TRIGGER] = with_first_start_only(provisioners._RESOURCE_HANDLERS[TRIGGER])
