"""Lake Formation's API, which ministack lacks: ``POST /Operation`` with JSON."""

import json
import time
from typing import Any, Callable

from behaviours import on
from lakeformation import LakeError, key_of, lake, normal, principal_of, table_of
from ministack.core.responses import get_account_id

Json = dict[str, Any]

PAGE = 100


def get_data_lake_settings(_request: Json) -> Json:
    return {"DataLakeSettings": lake().settings}


def put_data_lake_settings(request: Json) -> Json:
    lake().put_settings(request["DataLakeSettings"])
    return {}


def grant_permissions(request: Json) -> Json:
    lake().grant(*_change(request))
    return {}


def revoke_permissions(request: Json) -> Json:
    lake().revoke(*_change(request))
    return {}


def _change(request: Json) -> tuple[str, Json, list[str], list[str]]:
    return (principal_of(request["Principal"]), request["Resource"], request.get("Permissions") or [],
            request.get("PermissionsWithGrantOption") or [])


def _batch(change: Callable[[Json], Json]) -> Callable[[Json], Json]:
    def run(request: Json) -> Json:
        failures = []
        for entry in request.get("Entries", []):
            try:
                change(entry)
            except LakeError as error:
                failures.append({"RequestEntry": entry,
                                 "Error": {"ErrorCode": error.code, "ErrorMessage": error.message}})
        return {"Failures": failures}

    return run


def list_permissions(request: Json) -> Json:
    if "TableWithColumns" in (request.get("Resource") or {}):
        # API reference of ListPermissions: a query names the table, and the answer includes its columns.
        raise LakeError("InvalidInputException", "Table with columns is not supported")
    entries = list(lake().grants.values())
    if request.get("Principal"):
        wanted = principal_of(request["Principal"])
        # 1:14: a query by principal does not find roles of other accounts.
        if wanted.startswith("arn:") and wanted.split(":")[4] != get_account_id():
            entries = []
        entries = [entry for entry in entries if principal_of(entry["Principal"]) == wanted]
    if request.get("Resource"):
        asked = normal(request["Resource"], get_account_id())
        entries = [entry for entry in entries if _answers(asked, entry["Resource"])]
    elif not request.get("Principal") and on("lf-list-needs-target"):
        entries = [entry for entry in entries if "Catalog" in entry["Resource"]]
    if on("lf-select-as-columns"):
        entries = [part for entry in entries for part in _parts(entry)]
    if kind := request.get("ResourceType"):
        entries = [entry for entry in entries if _type_of(entry["Resource"]) == kind]
    return _page("PrincipalResourcePermissions", entries, request)


def _parts(entry: Json) -> list[Json]:
    """SELECT on a table is a permission on its columns, and is listed as such."""
    rights = {name: entry[name] for name in ("Permissions", "PermissionsWithGrantOption")}
    target = entry["Resource"].get("Table")
    if not target or not any("SELECT" in names for names in rights.values()):
        return [entry]
    columns = {name: value for name, value in target.items() if name != "TableWildcard"}
    select = {**entry, "Resource": {"TableWithColumns": {**columns, "ColumnWildcard": {}}},
              **{name: [one for one in names if one == "SELECT"] for name, names in rights.items()}}
    other = {**entry, **{name: [one for one in names if one != "SELECT"] for name, names in rights.items()}}
    return [part for part in (other, select) if any(part[name] for name in rights)]


def _answers(asked: Json, resource: Json) -> bool:
    """Whether a query for a resource returns this grant. A query for a table returns its columns, but not its filters."""
    if "Table" in asked and "TableWithColumns" in resource:
        return table_of(asked) == table_of(resource)
    return key_of(asked) == key_of(resource)


def _type_of(resource: Json) -> str:
    kind, target = next(iter(resource.items()))
    if kind == "LFTagPolicy":
        return f"LF_TAG_POLICY_{target.get('ResourceType')}"
    return {"Catalog": "CATALOG", "Database": "DATABASE", "DataLocation": "DATA_LOCATION", "LFTag": "LF_TAG",
            "DataCellsFilter": "DATA_CELLS_FILTER"}.get(kind, "TABLE")


def _page(name: str, entries: list[Json], request: Json) -> Json:
    start, size = int(request.get("NextToken") or 0), int(request.get("MaxResults") or PAGE)
    more = {"NextToken": str(start + size)} if start + size < len(entries) else {}
    return {name: entries[start:start + size], **more}


def _opt_in_key(request: Json) -> tuple[str, str]:
    return principal_of(request["Principal"]), key_of(normal(request["Resource"], get_account_id()))


def create_lake_formation_opt_in(request: Json) -> Json:
    lake().opt_ins.setdefault(_opt_in_key(request), {
        "Principal": request["Principal"], "Resource": normal(request["Resource"], get_account_id()),
        "LastModified": int(time.time()), "LastUpdatedBy": f"arn:aws:iam::{get_account_id()}:root"})
    return {}


def list_lake_formation_opt_ins(request: Json) -> Json:
    entries = list(lake().opt_ins.values())
    if request.get("Principal"):
        arn = principal_of(request["Principal"])
        if arn.startswith("arn:") and arn.split(":")[4] != get_account_id():
            # terraform-provider-aws #49106: AWS refuses this for roles of other accounts, although it accepts
            # their opt-in.
            raise LakeError("InvalidInputException", "Principal is not valid")
        entries = [entry for entry in entries if entry["Principal"] == request["Principal"]]
    if request.get("Resource"):
        wanted = normal(request["Resource"], get_account_id())
        entries = [entry for entry in entries if entry["Resource"] == wanted]
    return _page("LakeFormationOptInsInfoList", entries, request)


def delete_lake_formation_opt_in(request: Json) -> Json:
    if lake().opt_ins.pop(_opt_in_key(request), None) is None:
        raise LakeError("EntityNotFoundException", "Opt-in not found")
    return {}


def register_resource(request: Json) -> Json:
    # 1:15: a path can be registered only once.
    if request["ResourceArn"] in lake().registered:
        raise LakeError("AlreadyExistsException", "Resource is already registered")
    lake().registered[request["ResourceArn"]] = {
        "LastModified": int(time.time()), "HybridAccessEnabled": bool(request.get("HybridAccessEnabled")),
        **{name: request[name] for name in ("ResourceArn", "RoleArn") if name in request}}
    return {}


def deregister_resource(request: Json) -> Json:
    describe_resource(request)
    del lake().registered[request["ResourceArn"]]
    return {}


def describe_resource(request: Json) -> Json:
    if request["ResourceArn"] not in lake().registered:
        raise LakeError("EntityNotFoundException", "Entity not found")
    return {"ResourceInfo": lake().registered[request["ResourceArn"]]}


def list_resources(request: Json) -> Json:
    return _page("ResourceInfoList", list(lake().registered.values()), request)


OPERATIONS: dict[str, Callable[[Json], Json]] = {
    "GetDataLakeSettings": get_data_lake_settings,
    "PutDataLakeSettings": put_data_lake_settings,
    "ListPermissions": list_permissions,
    "GrantPermissions": grant_permissions,
    "RevokePermissions": revoke_permissions,
    "BatchGrantPermissions": _batch(grant_permissions),
    "BatchRevokePermissions": _batch(revoke_permissions),
    "CreateLakeFormationOptIn": create_lake_formation_opt_in,
    "ListLakeFormationOptIns": list_lake_formation_opt_ins,
    "DeleteLakeFormationOptIn": delete_lake_formation_opt_in,
    "RegisterResource": register_resource,
    "DeregisterResource": deregister_resource,
    "DescribeResource": describe_resource,
    "ListResources": list_resources,
}


def answer(path: str, _target: str, body: bytes) -> tuple[int, dict[str, str], Json]:
    """Status, headers and body for a request."""
    try:
        operation = OPERATIONS.get(path.strip("/"))
        if operation is None:
            raise LakeError("UnknownOperationException", f"{path} is not an operation of the emulator")
        return 200, {}, operation(json.loads(body or b"{}"))
    except LakeError as error:
        return 400, {"x-amzn-errortype": error.code}, {"__type": error.code, "Message": error.message}
    except (KeyError, TypeError, ValueError) as error:
        return 400, {"x-amzn-errortype": "InvalidInputException"}, {
            "__type": "InvalidInputException", "Message": f"{type(error).__name__}: {error}"}
