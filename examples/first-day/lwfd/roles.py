"""Roles that probes need: readers, and execution roles with the conditions that are in question."""

import json
from typing import Any

from lwfd.place import MESH_TAG, PREFIX, Place
from lwfd.probe import Work

Json = dict[str, Any]
# The policy that a role gets beside its template; it must go before the role's stack can.
EXTRA = "lwfd-extra"


def allow(actions: list[str], resources: list[str] | str = "*", condition: Json | None = None) -> Json:
    """One statement of a policy."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def policy(statements: list[Json]) -> Json:
    return {"Version": "2012-10-17", "Statement": statements}


def trust(principal: Json) -> Json:
    return policy([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}])


def role(name: str, principal: Json, statements: list[Json] | None = None, boundary: str | None = None) -> Json:
    """A role as a resource of a template."""
    properties: Json = {"RoleName": name, "AssumeRolePolicyDocument": trust(principal)}
    if statements:
        properties["Policies"] = [{"PolicyName": "lwfd", "PolicyDocument": policy(statements)}]
    if boundary:
        properties["PermissionsBoundary"] = boundary
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def request_tag(value: str) -> Json:
    return {"StringEquals": {f"aws:RequestTag/{MESH_TAG}": value}}


def resource_tag(value: str) -> Json:
    return {"StringEquals": {f"aws:ResourceTag/{MESH_TAG}": value}}


def root(place: Place) -> Json:
    """The account of a place as a principal."""
    return {"AWS": place.arn("iam", "root", region="")}


def execution_role(work: Work, what: str, statements: list[Json]) -> str:
    """Create a role for CloudFormation in a stack of its own and return its ARN."""
    place, name = work.first, work.name(f"{what}-role")
    work.stacks(place).create(f"{what}-role", {
        "Role": role(name, {"Service": "cloudformation.amazonaws.com"}, statements)}).must()
    place.settle()
    return place.role_arn(name)


def add_statements(place: Place, arn: str, statements: list[Json]) -> None:
    """Give one of our roles more rights, beside its template."""
    name = arn.rsplit("/", 1)[-1]
    if name.startswith(PREFIX):
        place.client("iam").put_role_policy(
            RoleName=name, PolicyName=EXTRA, PolicyDocument=json.dumps(policy(statements)))
        place.settle()


def widen(place: Place, arn: str) -> None:
    """Let one of our execution roles delete whatever it created, for the clean-up."""
    actions = ["kms:*", "glue:*", "lakeformation:*", "iam:*", "ec2:*", "sagemaker:*", "events:*", "ssm:*", "s3:*"]
    add_statements(place, arn, [allow(actions)])


def reader(work: Work, place: Place) -> str:
    """A role that receives grants; one per account, deleted at the end of the run."""
    if place.account not in work.readers:
        name = work.name("reader-role")
        work.stacks(place).create("reader-role", {"Role": role(name, root(place))}).must()
        place.settle()
        work.readers[place.account] = place.role_arn(name)
    return work.readers[place.account]
