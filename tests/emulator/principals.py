"""Policies that name missing roles (1:12): each service refuses them with its own message."""

from typing import Any, Callable, Iterator

from behaviours import on
from generic import handler_error
from ministack.services import iam
from policies import ROLE_ARN, as_list, find_role, statements

Json = dict[str, Any]

# By type: the property with the policy, and the error message.
POLICIES = {
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Invalid principal in policy (Service: S3, Status Code: 400, "
                              "Error Code: MalformedPolicy)"),
    "AWS::S3::AccessPoint": ("Policy", "Invalid principal in policy (Service: S3Control, Status Code: 400, "
                             "Error Code: MalformedPolicy)"),
    "AWS::KMS::Key": ("KeyPolicy", "MalformedPolicyDocumentException: Policy contains a statement with one or more "
                      "invalid principals. (Service: Kms, Status Code: 400)"),
    "AWS::IAM::Role": ("AssumeRolePolicyDocument", "MalformedPolicyDocument: Invalid principal in policy: "
                       "\"AWS\":\"{principal}\" (Service: Iam, Status Code: 400)"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Invalid parameter: Policy Error: PrincipalNotFound (Service: Sns, "
                              "Status Code: 400, Error Code: InvalidParameter)"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Invalid value for the parameter Policy. (Service: Sqs, "
                              "Status Code: 400, Error Code: InvalidAttributeValue)"),
}


def missing_roles(policy: Any) -> Iterator[str]:
    """The roles in a policy's principals that do not exist."""
    for statement in statements(policy):
        principal = statement.get("Principal")
        for arn in as_list(principal.get("AWS")) if isinstance(principal, dict) else ():
            found = ROLE_ARN.fullmatch(str(arn))
            if found and not found[2].startswith("aws-service-role/") and _simulated(found[1]) and not find_role(arn):
                yield arn


def _simulated(account: str) -> bool:
    """Whether the test simulates the account. The roles of other accounts are unknown."""
    return any(key[0] == account for key in list(iam._roles._data))


def checks() -> dict[str, Callable[[str, Json, str], None]]:
    def check_of(name: str, refusal: str) -> Callable[[str, Json, str], None]:
        def check(_logical_id: str, props: Json, _stack_name: str) -> None:
            if on("principals-checked") and (missing := next(missing_roles(props.get(name)), None)):
                raise handler_error(refusal.format(principal=missing), "InvalidRequest")

        return check

    return {kind: check_of(name, refusal) for kind, (name, refusal) in POLICIES.items()}
