"""Adds the resource types of a schema folder to ministack, and checks that AWS makes."""

import json
import re
from pathlib import Path as File
from typing import Any, Callable
from urllib.parse import parse_qs

import ministack.app

import adoption
import early_validation
import endpoints
import event_buses
import lakeformation
import lakeformation_types
import mails
import names
import policies
import policy_stores
import principals
import services
import stack_roles
from checks import CHECKS, checked
from endpoints import ASSUMED, CLOSED, UNTAGGED
from generic import Generic
from ministack.services import sts
from ministack.services.cloudformation import handlers as cfn_handlers, helpers, provisioners, stacks
from schema import Schema

Json = dict[str, Any]

# The types whose resources affect other services. All other types are stored as records only.
TYPES: dict[str, type[Generic]] = {**lakeformation_types.TYPES, **policies.TYPES, **event_buses.TYPES,
                                  **policy_stores.TYPES, **services.TYPES}


def recording(handle: Callable) -> Callable:
    """Wraps STS so that it records each AssumeRole request: role, external id, session name and session tags."""

    async def handle_request(method: str, path: str, headers: Json, body: bytes, query: Json) -> tuple:
        form = {**query, **parse_qs(body.decode("utf-8", "replace"))}
        if form.get("Action") == ["AssumeRole"]:
            ASSUMED.append({name: form.get(field, [None])[0] for name, field in (
                ("role_arn", "RoleArn"), ("external_id", "ExternalId"), ("session_name", "RoleSessionName"))})
            count = sum(name.startswith("Tags.member.") and name.endswith(".Key") for name in form)
            ASSUMED[-1]["tags"] = {form[f"Tags.member.{number}.Key"][0]: form[f"Tags.member.{number}.Value"][0]
                                   for number in range(1, count + 1)}
            if count and ASSUMED[-1]["role_arn"] in UNTAGGED:
                # The trust policy does not allow session tags.
                message = f"not authorized to perform: sts:TagSession on resource: {ASSUMED[-1]['role_arn']}"
                return sts._error(403, "AccessDenied", message, ns="sts")
            if ASSUMED[-1]["role_arn"] in CLOSED:
                # STS answers like this if the role does not exist or does not trust the caller.
                message = f"not authorized to perform: sts:AssumeRole on resource: {ASSUMED[-1]['role_arn']}"
                return sts._error(403, "AccessDenied", message, ns="sts")
        return await handle(method, path, headers, body, query)

    return handle_request


def with_virtual_hosts(resolve: Callable) -> Callable:
    """Template URLs as AWS writes them; ministack itself only supports the bucket as the first part of the path."""

    def resolve_document(params: Json, body_key: str, url_key: str, label: str) -> tuple:
        url = re.sub(r"^https://([^/]+)\.s3[.-][^/]*amazonaws\.com/", r"https://s3.amazonaws.com/\1/",
                     helpers._p(params, url_key))
        return resolve({**params, url_key: [url]}, body_key, url_key, label)

    return resolve_document


def install(folder: File) -> None:
    # First, because the checks below wrap the handlers.
    services.install()
    mails.install()
    provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"] = policies.with_boundaries(
        provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"])
    schemas = [Schema(json.loads(file.read_text())) for file in sorted(folder.glob("*.json"))]
    by_type = {schema.type: schema for schema in schemas}
    for schema in schemas:
        handler = provisioners._RESOURCE_HANDLERS.get(schema.type)
        if handler is None:
            names.GENERIC[schema.type] = TYPES.get(schema.type, Generic)(schema)
            handler = names.GENERIC[schema.type].handlers
            if tags := schema.tag_property():
                provisioners._STACK_TAG_PROPERTY[schema.type] = tags
            if not schema.delete_first:
                top_level = tuple(path[0] for path in schema.create_only if len(path) == 1)
                provisioners._REPLACING_PROPERTIES[schema.type] = top_level
        provisioners._RESOURCE_HANDLERS[schema.type] = checked(schema, handler)

    def recreation(resource_type: str, name: str) -> str:
        known = resource_type in provisioners._REPLACING_PROPERTIES or resource_type not in by_type
        return (provisioners._property_recreation(resource_type, name) if known
                else by_type[resource_type].recreation(name))

    # This affects only the replacements that change sets report. ministack's handlers decide what
    # updates do.
    stacks._property_recreation = recreation
    # ministack checks capabilities only if it enforces IAM, which the tests switch off.
    cfn_handlers._capabilities_enforced = lambda: True
    sts.handle_request = recording(sts.handle_request)
    helpers._resolve_document = with_virtual_hosts(helpers._resolve_document)
    lakeformation.watch_catalog()
    for kind, check in [*principals.checks().items(), ("AWS::Events::Rule", event_buses.check_targets)]:
        CHECKS.setdefault(kind, []).append(check)
    adoption.install()
    early_validation.install()
    stack_roles.install()
    ministack.app.app = endpoints.wrap(ministack.app.app)
