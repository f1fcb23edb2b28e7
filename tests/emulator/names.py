"""Names that are already in use, in services where names are unique (2:9)."""

from typing import Any, Callable

from behaviours import on
from generic import Generic, already_exists
from ministack.core.responses import get_account_id, get_region
from ministack.services import (athena, cloudwatch, cloudwatch_logs, codebuild, eventbridge, glue, iam, kms, s3, sns,
                                sqs, ssm, stepfunctions, waf)

Json = dict[str, Any]

# Resource types that only a schema describes. The installation fills this.
GENERIC: dict[str, Generic] = {}


def _named(*path: str) -> Callable[[Json], str | None]:
    def name(props: Json) -> str | None:
        value: Any = props
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value if isinstance(value, str) else None

    return name


def _table(props: Json) -> str | None:
    name, database = _named("TableInput", "Name")(props), props.get("DatabaseName")
    return f"{database}/{name}" if name and isinstance(database, str) else None


def _database(props: Json) -> str | None:
    return _named("DatabaseName")(props) or _named("DatabaseInput", "Name")(props)


def _rule(props: Json) -> str | None:
    name, bus = _named("Name")(props), props.get("EventBusName", "default")
    return f"{bus.rsplit('/', 1)[-1]}|{name}" if name and isinstance(bus, str) else None


def _policy_arn(name: str) -> str:
    return f"arn:aws:iam::{get_account_id()}:policy/{name}"


def _regional(service: str, kind: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{kind}"


# By type: the name in the properties, and whether it is taken.
TAKEN: dict[str, tuple[Callable[[Json], str | None], Callable[[str], Any]]] = {
    "AWS::Athena::WorkGroup": (_named("Name"), lambda name: name in athena._workgroups),
    "AWS::CloudWatch::Alarm": (_named("AlarmName"), lambda name: name in cloudwatch._alarms),
    "AWS::CodeBuild::Project": (_named("Name"), lambda name: name in codebuild._projects),
    "AWS::Events::EventBus": (_named("Name"), lambda name: name in eventbridge._event_buses),
    "AWS::Events::Rule": (_rule, lambda name: eventbridge._rule_key(*reversed(name.split("|"))) in eventbridge._rules),
    "AWS::Glue::Crawler": (_named("Name"), lambda name: name in glue._crawlers),
    "AWS::Glue::Database": (_database, lambda name: name in glue._databases),
    "AWS::Glue::Job": (_named("Name"), lambda name: name in glue._jobs),
    "AWS::Glue::Table": (_table, lambda name: name in glue._tables),
    "AWS::Glue::Trigger": (_named("Name"), lambda name: name in glue._triggers),
    "AWS::IAM::ManagedPolicy": (_named("ManagedPolicyName"), lambda name: _policy_arn(name) in iam._policies),
    "AWS::IAM::Role": (_named("RoleName"), lambda name: name in iam._roles),
    "AWS::KMS::Alias": (_named("AliasName"), lambda name: kms._alias_arn(name) in kms._aliases),
    "AWS::Logs::LogGroup": (_named("LogGroupName"), lambda name: name in cloudwatch_logs._log_groups),
    "AWS::S3::AccessPoint": (_named("Name"), lambda name: name in s3._access_points),
    "AWS::S3::Bucket": (_named("BucketName"), lambda name: s3._bucket_owner_account(name) is not None),
    "AWS::SNS::Topic": (_named("TopicName"), lambda name: _regional("sns", name) in sns._topics),
    "AWS::SQS::Queue": (_named("QueueName"), lambda name: name in sqs._queue_name_to_url),
    "AWS::SSM::Parameter": (_named("Name"), lambda name: name in ssm._parameters),
    "AWS::StepFunctions::StateMachine": (
        _named("StateMachineName"),
        lambda name: _regional("states", f"stateMachine:{name}") in stepfunctions._state_machines),
    "AWS::WAFv2::WebACL": (
        _named("Name"), lambda name: any(one.get("Name") == name for one in waf._web_acls.values())),
}


def taken(kind: str, props: Json) -> str | None:
    """The name in the properties, if it is already in use."""
    if kind in GENERIC:
        return GENERIC[kind].taken(props)
    if kind in TAKEN:
        name_of, exists = TAKEN[kind]
        name = name_of(props)
        return name if name and exists(name) else None
    return None


def asked(kind: str, props: Json) -> str | None:
    """The name in the properties, whether in use or not."""
    if kind in TAKEN:
        return TAKEN[kind][0](props)
    return GENERIC[kind].identity(props) if kind in GENERIC else None


def check_new(kind: str, props: Json) -> None:
    """Check the name of a new resource. ministack itself would overwrite some resources, such as roles and aliases."""
    if on("names-stay-taken") and kind in TAKEN and (name := taken(kind, props)):
        raise already_exists(kind, name)
