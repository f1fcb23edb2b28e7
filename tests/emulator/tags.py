"""Tag updates of CloudFormation's handlers, which send only the difference (2:2, 2:2b)."""

from typing import Any, NamedTuple

import calls
from behaviours import on
from generic import handler_error
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation
from policies import allows, find_role
from schema import Schema, values_at

Json = dict[str, Any]


class Tagging(NamedTuple):
    resource: str
    untag: str
    tag: str
    # The error code in the handler's refusal (h:5.1, h:5.7).
    refused: str = "AccessDenied"


def _ec2(resource: str) -> Tagging:
    return Tagging(f"ec2:{{region}}:{{account}}:{resource}/{{id}}", "ec2:DeleteTags", "ec2:CreateTags")


# 2:2, h:5: tags are compared by key and value. The handler first untags, then tags.
TAGGINGS = {
    "AWS::KMS::Key": Tagging("kms:{region}:{account}:key/{id}", "kms:UntagResource", "kms:TagResource",
                             "UnauthorizedTaggingOperation"),
    "AWS::SageMaker::Domain": Tagging("sagemaker:{region}:{account}:domain/{id}", "sagemaker:DeleteTags",
                                      "sagemaker:AddTags", "GeneralServiceException"),
    "AWS::EC2::FlowLog": _ec2("vpc-flow-log"),
    "AWS::EC2::RouteTable": _ec2("route-table"),
    "AWS::EC2::SecurityGroup": _ec2("security-group"),
    "AWS::EC2::SecurityGroupEgress": _ec2("security-group-rule"),
    "AWS::EC2::SecurityGroupIngress": _ec2("security-group-rule"),
    "AWS::EC2::Subnet": _ec2("subnet"),
    "AWS::EC2::VPC": _ec2("vpc"),
    "AWS::EC2::VPCEndpoint": _ec2("vpc-endpoint"),
}


def _tags(props: Json) -> dict[str, str]:
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in props.get("Tags") or ()
            if not str(tag["Key"]).startswith("aws:")}


def _context(request: dict[str, str] | None, keys: list[str], resource: dict[str, str]) -> dict[str, list[str]]:
    return {"aws:TagKeys": keys, "aws:RequestedRegion": [get_region()],
            "aws:ResourceAccount": [get_account_id()], "aws:PrincipalAccount": [get_account_id()],
            **{f"aws:RequestTag/{key}": [value] for key, value in (request or {}).items()},
            **{f"aws:ResourceTag/{key}": [value] for key, value in resource.items()}}


def check_update(schema: Schema, physical_id: str, logical_id: str, before: Json, after: Json,
                 stack_name: str) -> None:
    """Simulate the tagging calls. `before` and `after` include the stack's tags."""
    tagging = TAGGINGS.get(schema.type)
    replaced = any(list(values_at(before, path)) != list(values_at(after, path)) for path in schema.create_only)
    if not tagging or replaced or not on("tags-as-differences"):
        return
    there, wanted = _tags(before), _tags(after)
    gone = sorted(key for key, value in there.items() if wanted.get(key) != value)
    new = {key: value for key, value in wanted.items() if there.get(key) != value}
    arn = "arn:aws:" + tagging.resource.format(region=get_region(), account=get_account_id(), id=physical_id)
    role = find_role((cloudformation._stacks.get(stack_name) or {}).get("_role_arn") or "")

    def call(action: str, request: dict[str, str] | None, keys: list[str], resource: dict[str, str]) -> None:
        allowed = not role or allows(role, action, arn, _context(request, keys, resource))
        calls.record(schema.type, logical_id, action, arn, request or {}, resource, allowed)
        if not allowed:
            session = role["Arn"].replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
            raise handler_error(
                f"User: {session}/AWSCloudFormation is not authorized to perform: {action} on resource: {arn} "
                f"because no identity-based policy allows the {action} action", tagging.refused)

    if gone:
        call(tagging.untag, None, gone, there)
        there = {key: value for key, value in there.items() if key not in gone}
    if new:
        call(tagging.tag, new, sorted(new), there)
