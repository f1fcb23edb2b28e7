"""The state of Lake Formation: one data lake per account and region.

The service's API (lakeformation_api) and CloudFormation's types (lakeformation_types) both work on it.
"""

import copy
import json
import time
from typing import Any, Iterator

from behaviours import on
from ministack.core.responses import get_account_id, get_region
from ministack.services import glue, iam

Json = dict[str, Any]

EVERYBODY = "IAM_ALLOWED_PRINCIPALS"
ADMINS = ("DataLakeAdmins", "ReadOnlyAdmins")
DEFAULTS = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
VERSION = "CROSS_ACCOUNT_VERSION"


class LakeError(Exception):
    """An error with the service's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def principal_of(holder: Json) -> str:
    return holder.get("DataLakePrincipalIdentifier", "")


def normal(resource: Json, catalog: str) -> Json:
    """A resource with its catalog, in a normal form for comparing grants."""
    kind, target = next(iter(resource.items()))
    if kind == "Catalog":
        return {kind: {"Id": target["Id"]} if isinstance(target, dict) and target.get("Id") else {}}
    target = {name: value for name, value in target.items() if value is not None}
    if kind != "DataCellsFilter":
        target.setdefault("CatalogId", catalog)
    if kind == "TableWithColumns" and target.get("ColumnWildcard") in ({}, {"ExcludedColumnNames": []}):
        # A permission on all columns is one on the table: the service itself lists SELECT so
        # (terraform-provider-aws #20108).
        kind = "Table"
        del target["ColumnWildcard"]
        if target.get("Name") == "ALL_TABLES":
            target["TableWildcard"] = {}
    if "TableWildcard" in target:
        # The service itself lists the table wildcard under this name.
        target.update(TableWildcard={}, Name="ALL_TABLES")
    for name in ("ColumnNames", "TagValues"):
        if name in target:
            target[name] = sorted(target[name])
    return {kind: target}


def key_of(resource: Json) -> str:
    return json.dumps(resource, sort_keys=True)


def table_of(resource: Json) -> tuple[str, str, str] | None:
    """Catalog, database and table of a resource; no table for a database."""
    kind, target = next(iter(resource.items()))
    if kind == "Database":
        return target["CatalogId"], target["Name"], ""
    if kind in ("Table", "TableWithColumns"):
        return target["CatalogId"], target["DatabaseName"], target.get("Name", "")
    if kind == "DataCellsFilter":
        return target["TableCatalogId"], target["DatabaseName"], target["TableName"]
    return None


class DataLake:
    def __init__(self, account: str) -> None:
        self.account = account
        self.grants: dict[tuple[str, str], Json] = {}
        self.registered: dict[str, Json] = {}
        self.filters: dict[tuple, Json] = {}
        self.tags: dict[str, list[str]] = {}
        self.tagged: dict[str, dict[str, set[str]]] = {}
        self.opt_ins: dict[tuple[str, str], Json] = {}
        # By database: its own default permissions on new tables.
        self.table_defaults: dict[str, list[Json]] = {}
        everybody = [{"Principal": {"DataLakePrincipalIdentifier": EVERYBODY}, "Permissions": ["ALL"]}]
        self.settings: Json = {
            "DataLakeAdmins": [], "ReadOnlyAdmins": [], "TrustedResourceOwners": [],
            **{name: copy.deepcopy(everybody) if on("lf-defaults-on") else [] for name in DEFAULTS},
            "Parameters": {VERSION: "1"},
        }
        if on("lf-defaults-on"):
            self.grant(EVERYBODY, {"Catalog": {}}, ["CREATE_DATABASE"])

    # Settings

    def put_settings(self, settings: Json) -> None:
        """PutDataLakeSettings: replaces all settings, or refuses and changes none."""
        for holder in (holder for name in ADMINS for holder in settings.get(name) or ()):
            arn = principal_of(holder)
            # 1:4: with one missing administrator, the whole list is refused.
            if on("lf-dead-admins") and arn.startswith(f"arn:aws:iam::{self.account}:role/"):
                role = iam._roles.get_scoped(self.account, None, arn.rsplit("/", 1)[-1])
                if not role or role["Arn"] != arn:
                    raise LakeError("InvalidInputException", f"Invalid principal, arn: {arn}")
        before, after = self.settings["Parameters"], settings.get("Parameters") or {}
        # 1:16: accounts with version 5 cannot go back.
        if on("lf-version-not-lowered") and int(after.get(VERSION, before[VERSION])) < int(before[VERSION]):
            raise LakeError("InvalidInputException",
                            f"Cross account version cannot be lowered from {before[VERSION]} to {after[VERSION]}")
        empty = {"DataLakeAdmins": [], "ReadOnlyAdmins": [], "TrustedResourceOwners": [],
                 **{name: [] for name in DEFAULTS}}
        self.settings = copy.deepcopy({**empty, **settings, "Parameters": {**before, **after}})

    # Grants

    def held(self, principal: str, resource: Json) -> set[str]:
        grant = self.grants.get((principal, key_of(normal(resource, self.account))))
        return set(grant["Permissions"]) if grant else set()

    def grant(self, principal: str, resource: Json, rights: list[str], grantable: list[str] = ()) -> None:
        resource = normal(resource, self.account)
        grant = self.grants.setdefault((principal, key_of(resource)), {
            "Principal": {"DataLakePrincipalIdentifier": principal}, "Resource": resource,
            "Permissions": [], "PermissionsWithGrantOption": []})
        grant["Permissions"] = sorted({*grant["Permissions"], *rights})
        grant["PermissionsWithGrantOption"] = sorted({*grant["PermissionsWithGrantOption"], *grantable})
        grant["LastUpdated"] = int(time.time())

    def revoke(self, principal: str, resource: Json, rights: list[str], grantable: list[str] = ()) -> None:
        """Revokes permissions by name, whoever granted them."""
        key = principal, key_of(normal(resource, self.account))
        grant = self.grants.get(key, {"Permissions": [], "PermissionsWithGrantOption": []})
        missing = {*rights} - {*grant["Permissions"]} | {*grantable} - {*grant["PermissionsWithGrantOption"]}
        # 1:10: in that case nothing is revoked.
        if missing and on("lf-revoke-missing"):
            raise LakeError("InvalidInputException",
                            "No permissions revoked. Grantee has no permissions and no grantable permissions on "
                            f"resource: {', '.join(sorted(missing))}")
        for name, gone in (("Permissions", {*rights}), ("PermissionsWithGrantOption", {*rights, *grantable})):
            grant[name] = sorted({*grant[name]} - gone)
        if not grant["Permissions"] and not grant["PermissionsWithGrantOption"]:
            self.grants.pop(key, None)

    # Databases and tables

    def open_new(self, database: str, table: str = "") -> None:
        """Gives a new database or table the default permissions (1:18)."""
        if table:
            own = self.table_defaults.get(database)
            use_own = own is not None and (own or not on("lf-empty-lists-ignored"))
            defaults = own if use_own else self.settings["CreateTableDefaultPermissions"]
            resource: Json = {"Table": {"DatabaseName": database, "Name": table}}
        else:
            defaults = self.settings["CreateDatabaseDefaultPermissions"]
            resource = {"Database": {"Name": database}}
        for default in defaults or ():
            self.grant(principal_of(default["Principal"]), resource, default["Permissions"])

    def forget(self, database: str, table: str = "") -> None:
        """Grants belong to the table object, not to its name, so they are deleted with it (1:5)."""
        def speaks_of_it(resource: Json) -> bool:
            where = table_of(resource)
            return bool(where) and where[:2] == (self.account, database) and (not table or where[2] == table)

        for store in (self.grants, self.opt_ins):
            for key in [key for key, entry in store.items() if speaks_of_it(entry["Resource"])]:
                del store[key]
        for key in [key for key in self.filters if key[:2] == (self.account, database) and table in ("", key[2])]:
            del self.filters[key]
        if not table:
            self.table_defaults.pop(database, None)


LAKES: dict[tuple[str, str], DataLake] = {}


def lake(account: str | None = None, region: str | None = None) -> DataLake:
    """The data lake of an account and region, by default the caller's."""
    key = account or get_account_id(), region or get_region()
    if key not in LAKES:
        LAKES[key] = DataLake(key[0])
    return LAKES[key]


# Read access


def may_read(account: str, region: str, principal: str, database: str, table: str, column: str | None = None) -> Json:
    """Lake Formation's decision for a principal that IAM allows to read."""
    home = lake(account, region)
    open_to_all = all(home.held(EVERYBODY, resource) for resource in (
        {"Database": {"Name": database}}, {"Table": {"DatabaseName": database, "Name": table}}))
    hybrid, registered = _location(home, account, region, database, table)
    bound = not open_to_all or hybrid and _opted_in(home, principal, database, table)
    if not bound:
        # 1:1: filters of rows and columns restrict only principals that are opted in.
        why = "hybrid access mode and not opted in, " if hybrid else ""
        return {"allowed": True, "because": f"whole: {why}{EVERYBODY} has rights on database and table"}
    for grant in _grants(region):
        if "SELECT" in grant["Permissions"] or "ALL" in grant["Permissions"]:
            holder = principal_of(grant["Principal"])
            how = _covers(home, grant["Resource"], account, database, table, column)
            if how and holder in (principal, *principal.split(":")[4:5]):
                note = "" if registered else ", but the location is not registered"
                return {"allowed": True, "because": f"{how} granted to {holder}{note}"}
    return {"allowed": False, "because": f"{principal} has no SELECT on {database}.{table}"
            + (f" column {column}" if column else "")}


def _grants(region: str) -> Iterator[Json]:
    """All grants in a region, including those that other accounts give on catalogs shared with them."""
    for (_, where), one in LAKES.items():
        if where == region:
            yield from one.grants.values()


def _location(home: DataLake, account: str, region: str, database: str, table: str) -> tuple[bool, bool]:
    """Whether a registered location covers the table, and whether it is in hybrid access mode: (hybrid, registered)."""
    stored = glue._tables.get_scoped(account, region, f"{database}/{table}") or {}
    path = ((stored.get("StorageDescriptor") or {}).get("Location") or "").partition("://")[2].rstrip("/") + "/"
    over = [info for arn, info in home.registered.items()
            if path != "/" and path.startswith(arn.removeprefix("arn:aws:s3:::").rstrip("/*") + "/")]
    return any(info.get("HybridAccessEnabled") for info in over), bool(over)


def _opted_in(home: DataLake, principal: str, database: str, table: str) -> bool:
    for entry in home.opt_ins.values():
        where = table_of(entry["Resource"])
        if principal_of(entry["Principal"]) in (principal, EVERYBODY) and where and where[1] == database:
            if where[2] in ("", "ALL_TABLES", table):
                return True
    return False


def _covers(home: DataLake, resource: Json, account: str, database: str, table: str, column: str | None) -> str:
    """How a grant's resource covers a table or one of its columns; empty if it does not."""
    kind, target = next(iter(resource.items()))
    if kind == "LFTagPolicy":
        return "whole: tags" if target["CatalogId"] == account and _tags_match(home, target, database, table) else ""
    where = table_of(resource)
    if not where or where[:2] != (account, database) or where[2] not in (table, "ALL_TABLES"):
        return ""
    if kind == "Table":
        return "whole: all tables" if where[2] == "ALL_TABLES" else "whole: table"
    if kind == "DataCellsFilter":
        chosen = home.filters.get((account, database, table, target["Name"]))
        if chosen is None:
            return ""
        name = f"rows and columns: filter {target['Name']}"
    elif kind == "TableWithColumns":
        chosen, name = target, "columns: table"
    else:
        return ""
    if column is None:
        return name
    names, wildcard = chosen.get("ColumnNames"), chosen.get("ColumnWildcard") or {}
    seen = column in names if names else column not in (wildcard.get("ExcludedColumnNames") or ())
    return name if seen else ""


def _tags_match(home: DataLake, policy: Json, database: str, table: str) -> bool:
    if policy.get("ResourceType") != "TABLE":
        return False
    tags: dict[str, set[str]] = {}
    # A table has its database's tags; its own tags override them.
    for resource in ({"Database": {"Name": database}}, {"Table": {"DatabaseName": database, "Name": table}}):
        tags.update(home.tagged.get(key_of(normal(resource, home.account)), {}))
    expression = policy.get("Expression") or []
    return bool(expression) and all(tags.get(one["TagKey"], set()) & {*one["TagValues"]} for one in expression)


# Glue notifies the data lake of databases and tables


def watch_catalog() -> None:
    """Wrap Glue's functions, which its API and CloudFormation both call."""
    def after(name: str, then: Any) -> None:
        plain = getattr(glue, name)

        def wrapped(data: Json) -> tuple:
            answer = plain(data)
            if answer[0] < 400:
                then(data, answer)
            return answer

        setattr(glue, name, wrapped)

    def database_made(data: Json, _answer: tuple) -> None:
        name = data["DatabaseInput"]["Name"]
        database_changed({"Name": name, **data}, _answer)
        lake().open_new(name)

    def database_changed(data: Json, _answer: tuple) -> None:
        own = (data.get("DatabaseInput") or {}).get("CreateTableDefaultPermissions")
        if own is not None:
            lake().table_defaults[data["Name"]] = own
            glue._databases[data["Name"]]["CreateTableDefaultPermissions"] = own

    after("_create_database", database_made)
    after("_update_database", database_changed)
    after("_delete_database", lambda data, _: lake().forget(data["Name"]))
    after("_create_table", lambda data, _: lake().open_new(data["DatabaseName"], data["TableInput"]["Name"]))
    after("_delete_table", lambda data, _: lake().forget(data["DatabaseName"], data["Name"]))

    def tables_gone(data: Json, answer: tuple) -> None:
        failed = {error["TableName"] for error in json.loads(answer[2])["Errors"]}
        for name in {*data.get("TablesToDelete", [])} - failed:
            lake().forget(data["DatabaseName"], name)

    after("_batch_delete_table", tables_gone)
