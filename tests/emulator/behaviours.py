"""Behaviours of AWS that the emulator simulates, each with a switch, a source and a default.

Sources: ``1:4`` and the like are rows of docs/aws-behaviour.md.
"""

from typing import NamedTuple


class Behaviour(NamedTuple):
    says: str
    source: str
    default: bool = True


BEHAVIOURS = {
    "lf-defaults-on": Behaviour(
        "A new data lake opens databases and tables to IAM_ALLOWED_PRINCIPALS, and its catalog for new databases.",
        "1:18; coverage-roadmap #2197"),
    "lf-empty-lists-ignored": Behaviour(
        "CloudFormation's empty default lists, of the settings and of a database, change nothing.",
        "1:18; coverage-roadmap #2197, pulumi #4366"),
    "lf-grant-exists": Behaviour(
        "A PrincipalPermissions is AlreadyExists when the principal holds one of its rights on the resource.",
        "1:2, 1:3; coverage-roadmap #2500, pulumi-aws-native #1303"),
    "lf-pair-exists": Behaviour(
        "A PrincipalPermissions is AlreadyExists when the principal holds any right on the resource.",
        "1:3; the primary identifier in the registry's schema is the pair, without the rights"),
    "lf-replaces-create-first": Behaviour(
        "A PrincipalPermissions that changes is made anew before the old one is revoked.",
        "1:2; the registry's schema says delete_then_create, so it is off", default=False),
    "lf-dead-admins": Behaviour(
        "Settings with an administrator role of the account that does not exist are refused as a whole.",
        "1:4; aws-cdk #19492, #9097"),
    "lf-revoke-missing": Behaviour(
        "Revoking what is not there fails, also when a PrincipalPermissions is deleted.",
        "1:10; dataall #1029, #1141"),
    "lf-version-not-lowered": Behaviour(
        "A lower CROSS_ACCOUNT_VERSION than the account has is refused.",
        "1:16; Lake Formation documentation, RAM shares"),
    "lf-select-as-columns": Behaviour(
        "ListPermissions shows SELECT on a table as an entry of its own, with all columns.",
        "terraform-provider-aws #17047, #46245, PR #20108"),
    "lf-list-needs-target": Behaviour(
        "ListPermissions without a resource and a principal shows the catalog's permissions only.",
        "boto3 #3922, one report", default=False),
    "outputs-are-changes": Behaviour(
        "A change of outputs alone makes a change set that lists no changes and can be executed.",
        "f:2; CDK PR #2029, coverage-roadmap #2027"),
    "events-targets-checked": Behaviour(
        "A rule's target that is a bus of another account or region must exist and admit the rule's role.",
        "2:1, 2:1b; aws-cdk PR #3323, modernisation-platform-environments PR #19002"),
    "tags-as-differences": Behaviour(
        "An update of tags sends only the difference, and needs the stack role's permission for just that.",
        "2:2, 2:2b; resource-providers-kms TagHelper"),
    "roles-late": Behaviour(
        "CloudFormation cannot assume a role in the first two seconds of its life, nor one that is not there.",
        "2:11; terraform-provider-aws #22834"),
    "principals-checked": Behaviour(
        "A policy whose Principal is a role that does not exist is refused.",
        "1:12; coverage-roadmap #2124, handler source of AWS::KMS::Key"),
    "early-validation": Behaviour(
        "A change set fails at once for a name that exists; only DescribeEvents tells which.",
        "2:8, 2:9; aws-cdk-cli PR #970, #1406, #1461, cloudformation-cli #1116"),
    "role-named": Behaviour(
        "Deploy roles may make change sets and delete stacks only with a RoleARN in the request.",
        "2:7; service authorization reference, key cloudformation:RoleArn"),
    "names-stay-taken": Behaviour(
        "A resource with a name of something that exists, say of what a stack retained, is AlreadyExists.",
        "2:9; aws-cdk-cli PR #1367"),
    "builds-refused": Behaviour(
        "The account may run no builds: StartBuild fails at once.",
        "2:6; landing-zone-accelerator #249, dataall #100", default=False),
    "mails-unconfirmed": Behaviour(
        "A new mail subscription waits for its confirmation.",
        "2:21; coverage-roadmap #2455", default=False),
    "trigger-inactive": Behaviour(
        "StartOnCreation counts for a trigger's first creation only; afterwards it is CREATED.",
        "1:20; coverage-roadmap #1474, aws-cdk #13242"),
}

_STATE: dict[str, bool] = {}


def on(name: str) -> bool:
    return _STATE.get(name, BEHAVIOURS[name].default)


def switch(wanted: dict[str, bool]) -> None:
    """Switch some behaviours. If a name is unknown, none is switched."""
    if unknown := sorted(name for name in wanted if name not in BEHAVIOURS):
        raise KeyError(f"unknown behaviours: {', '.join(unknown)}")
    _STATE.update({name: bool(value) for name, value in wanted.items()})


def reset() -> None:
    _STATE.clear()


def listing() -> dict[str, dict]:
    return {name: {"on": on(name), "source": one.source, "says": one.says} for name, one in BEHAVIOURS.items()}
