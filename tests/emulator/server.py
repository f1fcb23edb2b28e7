"""An AWS emulator for tests: ministack, made strict and complete for the types of a schema folder.

Usage: python server.py --port PORT --schemas FOLDER

ministack provides the services and CloudFormation itself. This module adds, before the server starts,
what a deployer must be tested against and ministack lacks: every resource type that the folder
describes, properties checked against the schemas, capabilities, Lake Formation grants that collide,
failures on demand, and endpoints under ``/_test/`` (same port) to look inside.
"""

import argparse
import copy
import functools
import hashlib
import json
import os
import re
import sys
import uuid
from pathlib import Path as File
from typing import Any, Callable, Iterator
from urllib.parse import parse_qs

Json = dict[str, Any]
Path = tuple[str, ...]

GRANT = "AWS::LakeFormation::PrincipalPermissions"
# Resources of these services exist once per account, whatever the region.
GLOBAL_SERVICES = {"IAM", "CloudFront", "Route53", "Organizations"}
# Generated identifiers that tests may look at; all others are UUIDs.
ID_PREFIXES = {
    "DomainId": "d-", "HomeEfsFileSystemId": "fs-", "SecurityGroupIdForDomainBoundary": "sg-",
    "AWS::EC2::FlowLog": "fl-",
    "AWS::EC2::SecurityGroupEgress": "sgr-", "AWS::EC2::SecurityGroupIngress": "sgr-",
}
# Attributes with a form of their own.
ATTRIBUTES = {
    "AWS::CodeCommit::Repository.Arn": "arn:aws:codecommit:{region}:{account}:{name}",
    "AWS::CodeCommit::Repository.CloneUrlHttp": "https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
    "AWS::CodeCommit::Repository.CloneUrlSsh": "ssh://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
    "AWS::CodePipeline::Pipeline.Arn": "arn:aws:codepipeline:{region}:{account}:{name}",
    "AWS::SageMaker::Domain.DomainArn": "arn:aws:sagemaker:{region}:{account}:domain/{DomainId}",
    "AWS::SageMaker::Domain.Url": "https://{DomainId}.studio.{region}.sagemaker.aws",
    "AWS::SageMaker::UserProfile.UserProfileArn":
        "arn:aws:sagemaker:{region}:{account}:user-profile/{DomainId}/{name}",
    "AWS::WAFv2::IPSet.Arn": "arn:aws:wafv2:{region}:{account}:regional/ipset/{name}/{Id}",
}

RESOURCES: dict[tuple, Json] = {}
ASSUMED: list[Json] = []
FAULTS: list[Json] = []


def handler_error(message: str, code: str) -> Exception:
    """A failure in the words of CloudFormation's resource handlers."""
    return RuntimeError(f'Resource handler returned message: "{message}" '
                        f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})")


def values_at(value: Any, path: Path) -> Iterator[Any]:
    """Everything in a value that a schema path names; ``*`` means every item."""
    if not path:
        yield value
    elif path[0] in ("*", "items") and isinstance(value, list):
        for item in value:
            yield from values_at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


class Schema:
    """One resource type as the CloudFormation registry describes it."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.type: str = document["typeName"]
        self.service, self.last = self.type.split("::")[1:3]
        self.primary = self._paths("primaryIdentifier")
        self.create_only = self._paths("createOnlyProperties")
        # An identifier may be both: chosen by the template or else by the service.
        self.read_only = [p for p in self._paths("readOnlyProperties") if p not in self.create_only]
        self.delete_first = document.get("replacementStrategy") == "delete_then_create"

    def _paths(self, key: str) -> list[Path]:
        return [tuple(pointer.split("/")[2:]) for pointer in self.document.get(key, ())]

    def resolve(self, node: Any) -> Json:
        """The node itself, or what its references lead to within this schema."""
        while isinstance(node, dict) and "$ref" in node:
            parts = node["$ref"].removeprefix("#/").split("/")
            node = functools.reduce(lambda target, part: target[part], parts, self.document)
        return node if isinstance(node, dict) else {}

    def at(self, path: Path) -> Json:
        node = self.document
        for part in path:
            node = self.resolve(node.get("properties", {}).get(part))
        return node

    def recreation(self, name: str) -> str:
        """What a change set says of a change to a top-level property."""
        if (name,) in self.create_only:
            return "Always"
        partly = self.create_only + self._paths("conditionalCreateOnlyProperties")
        return "Conditionally" if any(path[0] == name for path in partly) else "Never"

    def tag_property(self) -> tuple[str, str] | None:
        """The property that stack tags are merged into, with its shape."""
        tagging = self.document.get("tagging", {})
        name = tagging.get("tagProperty", "/properties/Tags").rsplit("/", 1)[-1]
        node = self.at((name,))
        if not tagging.get("taggable", "tagProperty" in tagging) or not node or (name,) in self.create_only:
            return None
        item = self.resolve(node.get("items")).get("properties", {})
        if node.get("type") == "array":
            return (name, "list") if {"Key", "Value"} <= item.keys() else None
        return name, "map"

    def violations(self, props: Json) -> list[str]:
        """What CloudFormation refuses before it calls the resource's handler."""
        written = [f"#: read-only key [{'/'.join(path)}] is not permitted"
                   for path in self.read_only if any(True for _ in values_at(props, path))]
        return written + list(self._check(props, self.document, "#"))

    def _check(self, value: Any, node: Any, where: str) -> Iterator[str]:
        node = self.resolve(node)
        if "type" in node:
            types = node["type"] if isinstance(node["type"], list) else [node["type"]]
            found = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "scalar"
            # CloudFormation converts scalars into each other.
            if found not in {t if t in ("object", "array") else "scalar" for t in types}:
                yield f"{where}: expected type: {'/'.join(types)}, found: {found}"
                return
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._check(item, node.get("items"), f"{where}/{index}")
        elif isinstance(value, dict):
            yield from self._check_object(value, node, where)
        for branch in node.get("allOf", ()):
            yield from self._check(value, branch, where)
        for key in ("anyOf", "oneOf"):
            yield from min((list(self._check(value, branch, where)) for branch in node.get(key, ())),
                           key=len, default=[])

    def _check_object(self, value: Json, node: Json, where: str) -> Iterator[str]:
        known = node.get("properties", {})
        patterns = list(node.get("patternProperties", {}).values())
        # Which pattern a key would match is not looked at.
        other = patterns[0] if len(patterns) == 1 else {} if patterns else node.get("additionalProperties")
        for name in node.get("required", ()):
            if name not in value and not (node is self.document and (name,) in self.read_only):
                yield f"{where}: required key [{name}] not found"
        for name, item in value.items():
            if name in known:
                yield from self._check(item, known[name], f"{where}/{name}")
            elif isinstance(other, dict):
                yield from self._check(item, other, f"{where}/{name}")
            elif other is False:
                yield f"{where}: extraneous key [{name}] is not permitted"


class Generic:
    """Creates, updates and deletes the resources of a type that only a schema describes."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.handlers = {"create": self.create, "update": self.update, "update_with_logical_id": True,
                         "delete": self.delete}

    def key(self, physical_id: str) -> tuple:
        region = "" if self.schema.service in GLOBAL_SERVICES else get_region()
        return get_account_id(), region, self.schema.type, physical_id

    def natural_key(self, props: Json) -> str | None:
        """What services keep unique although the identifier is generated: `RepositoryName`, `ResourceArn`."""
        if any(path[0] in props for path in self.schema.primary):
            return None
        return props.get(f"{self.schema.last}Name") or props.get(f"{self.schema.last}Arn")

    def describe(self, record: Json) -> str:
        """Fill in a record's attributes and return the physical id, which is what Ref gives."""
        props = record["properties"]
        names = [f"{self.schema.last}Name", "Name"] + [path[0] for path in self.schema.primary]
        name = next((props[n] for n in names if isinstance(props.get(n), str)), record["default_name"])
        values = {**props, "name": name, "region": record["region"], "account": record["account"]}
        attributes = {}
        # Identifiers first: other attributes contain them.
        for path in sorted({*self.schema.read_only, *self.schema.primary},
                           key=lambda path: (not path[-1].endswith("Id"), path)):
            if not {"*", "items"} & set(path):
                given = list(values_at(props, path))
                values[".".join(path)] = attributes[".".join(path)] = (
                    given[0] if given else self.attribute(record["token"], path, props, values))
        record["attributes"] = attributes
        return "|".join(str(attributes[".".join(path)]) for path in self.schema.primary)

    def attribute(self, token: str, path: Path, props: Json, values: Json) -> Any:
        """A plausible value; always the same for a record, so that updates keep it."""
        schema, name, node = self.schema, path[-1], self.schema.at(path)
        subject, kind = props.get(name.removesuffix("Identifier")), node.get("type")
        if template := ATTRIBUTES.get(f"{schema.type}.{name}"):
            return template.format_map(values)
        if name.endswith("Identifier") and isinstance(subject, dict):
            return json.dumps(subject, sort_keys=True, separators=(",", ":"))
        if schema.last + name in props:
            return props[schema.last + name]
        if kind in ("array", "object", "boolean", "integer", "number"):
            return {"array": [], "object": {}, "boolean": False}.get(kind, 1)
        if name.endswith("Arn"):
            resource = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", schema.last).lower()
            region = "" if schema.service in GLOBAL_SERVICES else values["region"]
            return f"arn:aws:{schema.service.lower()}:{region}:{values['account']}:{resource}/{values['name']}"
        if name.endswith(("AccountId", "CatalogId")):
            return values["account"]
        if name.endswith("Id"):
            digest = hashlib.sha256(f"{token}.{path}".encode()).hexdigest()
            prefix = ID_PREFIXES.get(name) or ID_PREFIXES.get(schema.type)
            size = 12 if prefix == "d-" else 17
            return prefix + digest[:size] if prefix else str(uuid.UUID(digest[:32]))
        if name.endswith("Url"):
            return f"https://{values['name']}.{schema.service.lower()}.{values['region']}.amazonaws.com"
        return (node.get("enum") or [values["name"]])[0]

    def create(self, logical_id: str, props: Json, stack_name: str) -> tuple[str, Json]:
        record = {"account": get_account_id(), "region": get_region(), "token": uuid.uuid4().hex,
                  "properties": copy.deepcopy(props),
                  "default_name": provisioners._physical_name(stack_name, logical_id)}
        key, natural = self.key(self.describe(record)), self.natural_key(props)
        taken = natural and any(other[:3] == key[:3] and self.natural_key(r["properties"]) == natural
                                for other, r in RESOURCES.items())
        if taken or key in RESOURCES:
            raise handler_error(f"Resource of type '{self.schema.type}' with identifier "
                                f"'{natural or key[3]}' already exists.", "AlreadyExists")
        RESOURCES[key] = record
        return key[3], record["attributes"]

    def update(self, physical_id: str, _old: Json, props: Json, stack_name: str,
               logical_id: str | None = None) -> tuple[str, Json]:
        key = self.key(physical_id)
        if key not in RESOURCES:
            raise handler_error(f"Resource of type '{self.schema.type}' with identifier "
                                f"'{physical_id}' was not found.", "NotFound")
        before, record = RESOURCES[key], {**RESOURCES[key], "properties": copy.deepcopy(props)}
        identifier = self.describe(record)
        # ministack itself replaces for top-level properties, except where the type deletes first: there a
        # successor may have the same identifier, and takes the record's place. Compared is what is stored,
        # because a roll-back also "undoes" updates that never happened.
        if (any(list(values_at(before["properties"], path)) != list(values_at(props, path))
                for path in self.schema.create_only)
                and not (self.schema.delete_first and identifier == physical_id)):
            return self.create(logical_id or physical_id, props, stack_name)
        RESOURCES[key] = record
        return physical_id, record["attributes"]

    def delete(self, physical_id: str, _props: Json) -> None:
        RESOURCES.pop(self.key(physical_id), None)


def checked(schema: Schema, handler: Json) -> Json:
    """A resource handler that runs only for properties which pass the checks."""

    def check(logical_id: str, props: Json, stack_name: str) -> None:
        if violations := schema.violations(props):
            raise ValueError(f"Properties validation failed for resource {logical_id} with message:\n"
                             + "\n".join(violations))
        if schema.type == GRANT:
            check_grant_order(logical_id, props, stack_name)
        text = json.dumps(props, default=str)
        for fault in FAULTS:
            if fault["times"] > 0 and fault["type"] == schema.type and fault["contains"] in text:
                fault["times"] -= 1
                raise handler_error(fault["message"], "GeneralServiceException")

    def create(logical_id: str, props: Json, stack_name: str) -> tuple:
        check(logical_id, props, stack_name)
        return handler["create"](logical_id, props, stack_name)

    def update(physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple:
        check(logical_id, new, stack_name)
        extra = [logical_id] if handler.get("update_with_logical_id") else []
        return handler["update"](physical_id, old, new, stack_name, *extra)

    updating = {"update": update, "update_with_logical_id": True} if "update" in handler else {}
    return {**handler, "create": create, **updating}


def database_of(grant: Json) -> tuple | None:
    for kind, target in grant["Resource"].items():
        key = "Name" if kind == "Database" else "DatabaseName"
        if isinstance(target, dict) and key in target:
            return target.get("CatalogId") or target.get("TableCatalogId"), target[key]
    return None


@functools.lru_cache(maxsize=16)
def grant_dependencies(template_body: str) -> dict[str, set[str]]:
    """For every grant of a template, all resources that it waits for."""
    resources = engine._parse_template(template_body).get("Resources", {})
    direct = {name: engine._extract_deps(resource, set(resources)) for name, resource in resources.items()}
    result: dict[str, set[str]] = {}
    for name in (name for name, resource in resources.items() if resource.get("Type") == GRANT):
        result[name], todo = set[str](), [name]
        while todo:
            new = direct[todo.pop()] - result[name]
            result[name] |= new
            todo.extend(new)
    return result


def check_grant_order(logical_id: str, props: Json, stack_name: str) -> None:
    """Refuse a grant which CloudFormation could put while another one on the database is under way.

    ministack works serially, so the overlap is derived: it is possible when neither waits for the other.
    """
    stack, database = cloudformation._stacks[stack_name], database_of(props)
    waits = grant_dependencies(stack["_template_body"])
    for other in waits.keys() & stack["_resources"].keys() - {logical_id}:
        if (database and database_of(stack["_resources"][other]["Properties"]) == database
                and other not in waits.get(logical_id, ()) and logical_id not in waits[other]):
            raise handler_error(f"ConcurrentModificationException: {logical_id} and {other} modify database "
                                f"{database[1]} at the same time", "ConcurrentModificationException")


def recording(handle: Callable) -> Callable:
    """STS, remembering who asked for which role with which external id."""

    async def handle_request(method: str, path: str, headers: Json, body: bytes, query: Json) -> tuple:
        form = {**query, **parse_qs(body.decode("utf-8", "replace"))}
        if form.get("Action") == ["AssumeRole"]:
            ASSUMED.append({name: form.get(field, [None])[0] for name, field in (
                ("role_arn", "RoleArn"), ("external_id", "ExternalId"), ("session_name", "RoleSessionName"))})
        return await handle(method, path, headers, body, query)

    return handle_request


def with_virtual_hosts(resolve: Callable) -> Callable:
    """Template URLs as AWS writes them; ministack only knows the bucket as the first part of the path."""

    def resolve_document(params: Json, body_key: str, url_key: str, label: str) -> tuple:
        url = re.sub(r"^https://([^/]+)\.s3[.-][^/]*amazonaws\.com/", r"https://s3.amazonaws.com/\1/",
                     helpers._p(params, url_key))
        return resolve({**params, url_key: [url]}, body_key, url_key, label)

    return resolve_document


def with_test_endpoints(app: Callable) -> Callable:
    def answer(path: str, body: bytes) -> Any:
        if path == "/_test/fail":
            defaults = {"type": "", "contains": "", "times": 1, "message": "Injected failure"}
            FAULTS.append({**defaults, **json.loads(body)})
        resources = [{"account": record["account"], "region": record["region"], "type": key[2], "id": key[3],
                      "properties": record["properties"]} for key, record in RESOURCES.items()]
        return {"/_test/ready": True, "/_test/requests": ASSUMED, "/_test/resources": resources,
                "/_test/fail": FAULTS}.get(path)

    async def wrapped(scope: Json, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/_test/"):
            return await app(scope, receive, send)
        if scope["path"] == "/_test/reset":
            for state in (RESOURCES, ASSUMED, FAULTS):
                state.clear()
            return await app({**scope, "path": "/_ministack/reset"}, receive, send)
        body, message = b"", {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        result = answer(scope["path"], body)
        await send({"type": "http.response.start", "status": 404 if result is None else 200,
                    "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(result, default=str).encode()})

    return wrapped


def install(folder: File) -> None:
    """Teach ministack the schemas of a folder and what else AWS enforces."""
    schemas = [Schema(json.loads(file.read_text())) for file in sorted(folder.glob("*.json"))]
    by_type = {schema.type: schema for schema in schemas}
    for schema in schemas:
        handler = provisioners._RESOURCE_HANDLERS.get(schema.type)
        if handler is None:
            handler = Generic(schema).handlers
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

    # Only what change sets report: what updates do is decided by ministack's handlers.
    stacks._property_recreation = recreation
    # ministack asks for capabilities only together with IAM enforcement, which tests do without.
    cfn_handlers._capabilities_enforced = lambda: True
    sts.handle_request = recording(sts.handle_request)
    helpers._resolve_document = with_virtual_hosts(helpers._resolve_document)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--schemas", type=File, required=True)
    arguments = parser.parse_args()
    # ministack reads these when it is imported. IoT and SFTP would listen on fixed ports, which keeps two
    # servers from running side by side.
    os.environ.update(
        GATEWAY_PORT=str(arguments.port), BIND_HOST="127.0.0.1", LOG_LEVEL="WARNING", AUTH="false", USE_SSL="0",
        PERSIST_STATE="0", S3_PERSIST="0", LOCALSTACK_PERSISTENCE="0", IOT_MTLS_ENABLED="0", SFTP_ENABLED="0")

    import ministack.app
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import cloudformation, sts
    from ministack.services.cloudformation import engine, handlers as cfn_handlers, helpers, provisioners, stacks

    install(arguments.schemas)
    ministack.app.app = with_test_endpoints(ministack.app.app)
    sys.argv = sys.argv[:1]  # ministack parses it too
    ministack.app.main()
