"""Change sets and the roles they name."""

import json
import time

from botocore.exceptions import ClientError

from lwfd.place import Place, pause
from lwfd.probe import Outcome, Probe, Work, failed, passed, surprise
from lwfd.roles import allow, execution_role, role, root, trust
from lwfd.stacks import NOT_YET, Stacks, Template

CLOUDFORMATION = {"Service": "cloudformation.amazonaws.com"}


def parameter(name: str) -> Template:
    """The cheapest resource that there is."""
    return {"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {
        "Name": name, "Type": "String", "Value": "first day"}}}


def change_set(stacks: Stacks, what: str, resources: Template, role_arn: str | None = None) -> str:
    """Ask for a new stack by change set and return the change set's ARN."""
    request = stacks.request(what, resources, role_arn)
    return stacks.api.create_change_set(ChangeSetName="lwfd", ChangeSetType="CREATE", **request)["Id"]


def settled(stacks: Stacks, arn: str) -> dict:
    """The change set when CloudFormation has finished it."""
    while True:
        found = stacks.api.describe_change_set(ChangeSetName=arn)
        if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return found
        pause(stacks.pause)


def code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def deploy_role(work: Work, what: str, execution: str) -> Place:
    """A session of a role that may use CloudFormation only together with the execution role."""
    name, place = work.name("no-deploy-role"), work.first
    stack = [place.arn("cloudformation", f"stack/{work.name(what)}/*")]
    named = {"ArnEquals": {"cloudformation:RoleArn": execution}}
    work.stacks(place).create("no-deploy-role", {"Role": role(name, root(place), [
        allow(["cloudformation:CreateChangeSet", "cloudformation:DeleteStack"], stack, named),
        allow(["cloudformation:Describe*", "cloudformation:TagResource"], stack),
        allow(["cloudformation:DescribeStacks", "cloudformation:DescribeEvents"]),
        allow(["iam:PassRole"], execution)])}).must()
    place.settle()
    return place.assume(place.role_arn(name))


def refused_stack(work: Work) -> Outcome:
    """A new stack whose change set somebody answers with no: what is left is deleted twice."""
    what = "no-to-new-stack"
    execution = execution_role(work, "no-execution", [allow(["ssm:*"], work.first.arn("ssm", "parameter/lwfd-*"))])
    stacks = Stacks(deploy_role(work, what, execution), work.run)
    arn = stacks.patiently(lambda: change_set(stacks, what, parameter(work.name(what)), execution))
    settled(stacks, arn)
    try:
        state = stacks.delete(what)
        return passed("allowed", f"DeleteStack without a role was accepted: {state.why}")
    except ClientError as error:
        if "AccessDenied" not in code(error):
            return surprise("other", str(error))
        seen = f"DeleteStack without a role: {code(error)}"
    try:
        state = stacks.delete(what, execution)
        return failed("refused", f"{seen}; with the execution role: {state.why}", remedy_holds=state.ok)
    except ClientError as error:
        return failed("refused", f"{seen}; with the execution role: {error}", remedy_holds=False)


def validation_events(stacks: Stacks, arn: str) -> list[dict]:
    """Events that say why the bucket is refused. They may come a little later than the change set's status."""
    for _ in range(5):
        events = stacks.api.describe_events(ChangeSetName=arn)["OperationEvents"]
        named = [event for event in events if event.get("LogicalResourceId") == "Bucket"
                 and event.get("ValidationStatusReason")]
        if named:
            return named
        pause(stacks.pause)
    return []


def early_validation(work: Work) -> Outcome:
    """A change set for a bucket that another stack has already."""
    what, stacks = "early-validation", work.stacks(work.first)
    bucket = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": work.name(f"{what}-bucket")}}}
    stacks.create(f"{what}-first", bucket).must()
    arn = change_set(stacks, f"{what}-second", bucket)
    found = settled(stacks, arn)
    reason = found.get("StatusReason", "")
    if found["Status"] != "FAILED":
        return passed("late", f"the change set is {found['Status']}; only its execution would fail, and the stack's "
                              "events would name the resource")
    named = validation_events(stacks, arn)
    seen = f"the change set failed: {reason[:300]}"
    if "Bucket" in reason.replace("BucketName", "") or work.name(f"{what}-bucket") in reason:
        return passed("named", seen)
    if named:
        return failed("events-only", f"{seen}; DescribeEvents: {named[0]['ValidationStatusReason'][:300]}", True)
    return failed("nowhere", f"{seen}; no event of DescribeEvents names the bucket", False)


def attempt(work: Work, number: int) -> tuple[bool, float]:
    """Whether CloudFormation takes a new role at once, and the seconds until it does."""
    what = f"new-role-{number}"
    name, stacks, iam = work.name(f"{what}-role"), work.stacks(work.first), work.first.client("iam")
    tags = stacks.tags()
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust(CLOUDFORMATION)), Tags=tags)
    began = time.monotonic()

    def ask() -> str:
        return change_set(stacks, what, parameter(work.name(what)), work.first.role_arn(name))

    try:
        # A role can also turn out to be too new after the call was accepted.
        at_once = NOT_YET not in settled(stacks, ask()).get("StatusReason", "")
    except ClientError as error:
        if NOT_YET not in str(error):
            raise
        at_once = False
        stacks.patiently(ask)
    waited = time.monotonic() - began
    stacks.delete(what)
    iam.delete_role(RoleName=name)
    return at_once, waited


def new_role(work: Work) -> Outcome:
    tries = 1 if work.first.emulated else 5
    found = [attempt(work, number) for number in range(tries)]
    late = [waited for at_once, waited in found if not at_once]
    if not late:
        return passed("at-once", f"CreateChangeSet took all {tries} roles right after they were created")
    return failed("refused", f"CreateChangeSet refused {len(late)} of {tries} roles that were just created; with "
                             f"repetition it took them after {max(late):.0f} seconds at most", remedy_holds=True)


PROBES = [
    Probe("no-to-new-stack", "2:7",
          "Can what a declined new stack leaves be deleted without naming the role, under cloudformation:RoleArn?",
          "allowed. Foreseen otherwise: refused (the stack remembers its role, but a request without a role has no "
          "such key)",
          "service authorization reference of CloudFormation; code-dot-org PR #54495, #56743",
          "name the execution role in DeleteStack, too", refused_stack,
          "two roles, a change set that is never executed", 3),
    Probe("early-validation", "2:8",
          "Does a change set that fails its early validation say which resource is to blame?",
          "named or late: the reason names the resource, or validation does not happen. Foreseen otherwise: "
          "events-only (the reason is in DescribeEvents alone)",
          "aws-cdk-cli PR #970, #1406, #1461; serverless #13248", "read DescribeEvents before anything is deleted",
          early_validation, "an empty S3 bucket, a change set that fails", 2),
    Probe("new-role", "2:11", "Does CloudFormation accept a service role that was created a moment ago?",
          "at-once. Foreseen otherwise: refused (the role cannot be assumed for seconds to a minute)",
          "terraform-provider-aws #22834, #11709, #37049", "repeat for two minutes when the message says so",
          new_role, "five roles without rights, five change sets", 3),
]
