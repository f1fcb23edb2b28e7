"""Resources of types that ministack lacks and only a schema describes."""

import copy
import hashlib
import json
import re
import uuid
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners
from schema import Json, Path, Schema, values_at

# Resources of these services are global to an account.
GLOBAL_SERVICES = {"IAM", "CloudFront", "Route53", "Organizations"}
# Generated identifiers that tests may look at; all others are UUIDs.
ID_PREFIXES = {
    "DomainId": "d-", "HomeEfsFileSystemId": "fs-", "SecurityGroupIdForDomainBoundary": "sg-",
    "AWS::EC2::FlowLog": "fl-",
    "AWS::EC2::SecurityGroupEgress": "sgr-", "AWS::EC2::SecurityGroupIngress": "sgr-",
}
# Attributes with a fixed format.
ATTRIBUTES = {
    "AWS::CodeCommit::Repository.Arn": "arn:aws:codecommit:{region}:{account}:{name}",
    "AWS::CodeCommit::Repository.CloneUrlHttp": "https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
    "AWS::CodeCommit::Repository.CloneUrlSsh": "ssh://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
    "AWS::CodePipeline::Pipeline.Arn": "arn:aws:codepipeline:{region}:{account}:{name}",
    "AWS::SageMaker::Domain.DomainArn": "arn:aws:sagemaker:{region}:{account}:domain/{DomainId}",
    "AWS::SageMaker::Domain.Url": "https://{DomainId}.studio.{region}.sagemaker.aws",
    "AWS::SageMaker::UserProfile.UserProfileArn":
        "arn:aws:sagemaker:{region}:{account}:user-profile/{DomainId}/{name}",
    "AWS::VerifiedPermissions::PolicyStore.Arn": "arn:aws:verifiedpermissions::{account}:policy-store/{PolicyStoreId}",
    "AWS::WAFv2::IPSet.Arn": "arn:aws:wafv2:{region}:{account}:regional/ipset/{name}/{Id}",
}

RESOURCES: dict[tuple, Json] = {}


def handler_error(message: str, code: str) -> Exception:
    """A failure with the message of CloudFormation's resource handlers."""
    return RuntimeError(f'Resource handler returned message: "{message}" '
                        f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})")


def already_exists(resource_type: str, identifier: str) -> Exception:
    return handler_error(f"Resource of type '{resource_type}' with identifier '{identifier}' already exists.",
                         "AlreadyExists")


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
        """The property that services keep unique although the identifier is generated: `RepositoryName`, `ResourceArn`."""
        if any(path[0] in props for path in self.schema.primary):
            return None
        return props.get(f"{self.schema.last}Name") or props.get(f"{self.schema.last}Arn")

    def identity(self, props: Json) -> str | None:
        """The identity of the resource as far as its properties determine it."""
        given = [value for path in self.schema.primary for value in values_at(props, path)]
        whole = len(given) == len(self.schema.primary) and all(isinstance(value, (str, int)) for value in given)
        natural = self.natural_key(props)
        return "|".join(map(str, given)) if whole else natural if isinstance(natural, str) else None

    def taken(self, props: Json) -> str | None:
        """That identity, if another resource already has it."""
        identity, own = self.identity(props), self.key("")[:3]
        others = [record["properties"] for key, record in RESOURCES.items() if key[:3] == own]
        return identity if identity and any(self.identity(other) == identity for other in others) else None

    def describe(self, record: Json) -> str:
        """Fill in a record's attributes and return the physical id, the value of Ref."""
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
        """A plausible value. It is always the same for a record, so updates keep it."""
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
        key = self.key(self.describe(record))
        if taken := self.taken(props) or (key[3] if key in RESOURCES else None):
            raise already_exists(self.schema.type, taken)
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
        # ministack replaces resources itself for top-level properties, except for types that are deleted
        # first. With these types, a successor may have the same identifier and replaces the record. The
        # stored properties are compared, because a roll-back also "undoes" updates that never happened.
        if (any(list(values_at(before["properties"], path)) != list(values_at(props, path))
                for path in self.schema.create_only)
                and not (self.schema.delete_first and identifier == physical_id)):
            return self.create(logical_id or physical_id, props, stack_name)
        RESOURCES[key] = record
        return physical_id, record["attributes"]

    def delete(self, physical_id: str, _props: Json) -> None:
        RESOURCES.pop(self.key(physical_id), None)


class Part(Generic):
    """A resource that is a part of another one. `put` writes it there."""

    def create(self, logical_id: str, props: Json, stack_name: str) -> tuple[str, Json]:
        made = super().create(logical_id, props, stack_name)
        self.put(props)
        return made

    def update(self, physical_id: str, old: Json, props: Json, stack_name: str,
               logical_id: str | None = None) -> tuple[str, Json]:
        updated = super().update(physical_id, old, props, stack_name, logical_id)
        self.put(props)
        return updated

    def put(self, props: Json) -> None:
        raise NotImplementedError
