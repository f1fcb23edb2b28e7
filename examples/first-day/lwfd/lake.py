"""Lake Formation: what holds which right, and an account's settings, which the script puts back."""

import json
from collections import defaultdict
from typing import Any

from botocore.exceptions import ClientError

from lwfd.place import PREFIX, TAG, Place, Unclear

Json = dict[str, Any]
# The group that stands for everyone who has IAM permissions.
EVERYONE = "IAM_ALLOWED_PRINCIPALS"
SAVED = f"{PREFIX}lake-formation-settings"
DEFAULTS = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")


def table(place: Place, database: str, name: str) -> Json:
    return {"Table": {"CatalogId": place.account, "DatabaseName": database, "Name": name}}


def database(place: Place, name: str) -> Json:
    return {"Database": {"CatalogId": place.account, "Name": name}}


def grants(place: Place, resource: Json) -> dict[str, set[str]]:
    """The rights on a resource by principal.

    Never asked with a principal: that answers computed rights, and nothing for roles of other accounts.
    """
    api, found, token = place.client("lakeformation"), defaultdict(set), {}
    while True:
        page = api.list_permissions(CatalogId=place.account, Resource=resource, **token)
        for entry in page.get("PrincipalResourcePermissions", []):
            found[entry["Principal"]["DataLakePrincipalIdentifier"]].update(entry.get("Permissions", []))
        if not page.get("NextToken"):
            return dict(found)
        token = {"NextToken": page["NextToken"]}


def revoke(place: Place, principal: str, resource: Json, rights: list[str]) -> None:
    """Revoke rights; that nothing is there to revoke is no error."""
    try:
        place.client("lakeformation").revoke_permissions(
            CatalogId=place.account, Principal={"DataLakePrincipalIdentifier": principal}, Resource=resource,
            Permissions=rights)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("InvalidInputException", "EntityNotFoundException"):
            raise


def grant(place: Place, principal: str, resource: Json, rights: list[str]) -> None:
    place.client("lakeformation").grant_permissions(
        CatalogId=place.account, Principal={"DataLakePrincipalIdentifier": principal}, Resource=resource,
        Permissions=rights)


def settings(place: Place) -> Json:
    return place.client("lakeformation").get_data_lake_settings(CatalogId=place.account)["DataLakeSettings"]


def put(place: Place, new: Json) -> None:
    try:
        place.client("lakeformation").put_data_lake_settings(CatalogId=place.account, DataLakeSettings=new)
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidInputException":
            raise
        raise Unclear("Lake Formation refuses this account's list of administrators; most likely one of them does "
                      f"not exist any more (finding 1:4): {error}") from error


def opens_by_default(current: Json, key: str) -> bool:
    """Whether what is created from now on is open to everyone with IAM permissions."""
    return any(entry.get("Principal", {}).get("DataLakePrincipalIdentifier") == EVERYONE and entry.get("Permissions")
               for entry in current.get(key, []))


def admins(current: Json) -> list[str]:
    return [entry["DataLakePrincipalIdentifier"] for entry in current.get("DataLakeAdmins", [])]


def become_admin(place: Place, run: str) -> None:
    """Add the caller to the administrators, after the settings were saved for the clean-up."""
    remember(place, run)
    if place.emulated:
        return
    principal, current = place.principal(), settings(place)
    if principal.endswith(":root"):
        raise Unclear("the caller is the account's root user, which cannot be a data lake administrator")
    if principal not in admins(current):
        entry = {"DataLakePrincipalIdentifier": principal}
        put(place, {**current, "DataLakeAdmins": [*current.get("DataLakeAdmins", []), entry]})
        place.settle(5)


def remember(place: Place, run: str) -> None:
    """Save the settings in the account, so that a later run can put them back as well."""
    current = settings(place)
    kept = {"admins": admins(current), **{key: current.get(key, []) for key in DEFAULTS}}
    ssm = place.client("ssm")
    try:
        ssm.put_parameter(Name=SAVED, Type="String", Tier="Intelligent-Tiering", Value=json.dumps(kept),
                          Tags=[{"Key": TAG, "Value": run}])
    except ssm.exceptions.ParameterAlreadyExists:
        pass  # of this run, or of one that was interrupted: the older is what must come back


def saved(place: Place) -> Json | None:
    ssm = place.client("ssm")
    try:
        return json.loads(ssm.get_parameter(Name=SAVED)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return None


def drop_roles(place: Place) -> None:
    """Take our roles out of the administrators, before they are deleted: a dead one blocks every change."""
    if saved(place) is None:
        return
    current = settings(place)
    left = [one for one in admins(current) if f":role/{PREFIX}" not in one]
    if left != admins(current):
        put(place, {**current, "DataLakeAdmins": [{"DataLakePrincipalIdentifier": one} for one in left]})


def restore(place: Place) -> None:
    """Put back what the script changed in the settings. Administrators that others added meanwhile stay."""
    kept = saved(place)
    if kept is None:
        return
    current = settings(place)
    mine = set() if place.emulated else {place.principal()}
    left = [one for one in admins(current)
            if one in kept["admins"] or (one not in mine and f":role/{PREFIX}" not in one)]
    new = {**current, **{key: kept[key] for key in DEFAULTS},
           "DataLakeAdmins": [{"DataLakePrincipalIdentifier": one} for one in left]}
    if new != current:
        put(place, new)
    place.client("ssm").delete_parameter(Name=SAVED)
