"""What an account of data.all needs: imports of more types into stacks, and its resource for Glue databases."""

from typing import Any, Callable

import names
from generic import RESOURCES, Generic, handler_error
from ministack.core.responses import get_account_id
from ministack.services import glue
from ministack.services.cloudformation import provisioners

Json = dict[str, Any]

DATABASE = "AWS::Glue::Database"


def _of_service() -> Callable[[Json], tuple]:
    """Resources of ministack's own handlers: the identifier is the physical id."""

    def take(identifier: Json) -> tuple[str, Json]:
        physical = "|".join(identifier.values())
        return physical, {"GroupId": physical, "Arn": physical}

    return take


def _of_record(generic: Generic) -> Callable[[Json], tuple]:
    """Resources that are kept as records: the record must exist."""

    def take(identifier: Json) -> tuple[str, Json]:
        physical = "|".join(identifier[path[0]] for path in generic.schema.primary)
        record = RESOURCES.get(generic.key(physical))
        if record is None:
            raise handler_error(f"Resource of type '{generic.schema.type}' with identifier '{physical}' was not found.",
                                "NotFound")
        return physical, record["attributes"]

    return take


def _make_database(logical_id: str, props: Json, stack_name: str) -> tuple[str, Json]:
    """data.all's function makes the database if there is none (`gluedatabasecustomresource/index.py`)."""
    given = props["DatabaseInput"]
    if given["Name"] not in glue._databases:
        made = {"CatalogId": get_account_id(), "DatabaseInput": {
            name: given[name] for name in ("Name", "Description", "LocationUri")}}
        provisioners._RESOURCE_HANDLERS[DATABASE]["create"](logical_id, made, stack_name)
    return given["Imported"] + given["Name"], {}


def _delete_database(physical_id: str, props: Json) -> None:
    """It deletes a database that it has made, with its tables."""
    if physical_id.startswith("CREATED-"):
        provisioners._RESOURCE_HANDLERS[DATABASE]["delete"](physical_id.removeprefix("CREATED-"), props)


def install() -> None:
    handlers = provisioners._RESOURCE_HANDLERS
    for kind in ("AWS::Athena::WorkGroup", "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::S3::BucketPolicy"):
        if kind in handlers:
            handlers[kind] = {**handlers[kind], "import": _of_service()}
    for kind, generic in names.GENERIC.items():
        handlers[kind] = {**handlers[kind], "import": _of_record(generic)}
    handlers["Custom::GlueDatabase"] = {
        "create": _make_database,
        "update": lambda physical_id, _old, _new, _stack_name: (physical_id, {}),
        "delete": _delete_database,
    }
