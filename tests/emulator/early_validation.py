"""Change sets: validation before execution (2:8, 2:9), changes of outputs alone (f:2), and DescribeEvents."""

import re
import uuid
from typing import Any, Callable
from xml.sax.saxutils import escape

import names
from behaviours import on
from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, stacks
from ministack.services.cloudformation.helpers import _error, _p, _page, _xml
from ministack.services.cloudformation.stacks import _stack_region_context

Json = dict[str, Any]

# Fields of the next change sets, to simulate what somebody else does to them.
NEXT: list[Json] = []

# The rollback alarms that were asked for with each change set.
ROLLBACKS: list[Json] = []

CHECK = "AWS::EarlyValidation::ResourceExistenceCheck"
# The reason names the failed check, never the resource (serverless #13248, rain PR #744).
REASON = (f"{CHECK} validation failed. The following hook(s)/validation failed: [{CHECK}]. To troubleshoot Early "
          "Validation errors, use the DescribeEvents API for detailed failure information.")


def _conflicts(change_set: Json, stack: Json) -> list[tuple[str, str, str]]:
    """Logical id, type and name of resources that the change set would create although they exist outside of the stack."""
    with _stack_region_context(stack, stack["StackId"]):
        template = changesets._resolve_props_for_diff(
            change_set["_template"], change_set["_resolved_params"], stack["StackName"], stack["StackId"])
        own = {(one["ResourceType"], names.asked(one["ResourceType"], one.get("Properties") or {}))
               for one in (stack.get("_resources") or {}).values()}
        found = []
        for change in (one["ResourceChange"] for one in change_set["Changes"]):
            kind = change["ResourceType"]
            if change["Action"] == "Add":
                props = template["Resources"][change["LogicalResourceId"]].get("Properties") or {}
                name = names.taken(kind, props)
                if name and (kind, name) not in own:
                    found.append((change["LogicalResourceId"], kind, name))
        return found


def _validate(change_set: Json) -> None:
    stack = cloudformation._stacks.get(change_set["StackName"])
    if not on("early-validation") or change_set["Status"] != "CREATE_COMPLETE" or not stack:
        return
    if not (conflicts := _conflicts(change_set, stack)):
        return
    change_set.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=REASON)
    operation = str(uuid.uuid4())
    shared = {"StackId": stack["StackId"], "OperationId": operation, "OperationType": "CREATE_CHANGESET",
              "OperationStatus": "FAILED", "Timestamp": now_iso()}
    change_set["_operation_events"] = [
        {**shared, "EventId": str(uuid.uuid4()), "EventType": "VALIDATION_ERROR", "LogicalResourceId": logical_id,
         "PhysicalResourceId": "", "ResourceType": kind, "ValidationFailureMode": "FAIL",
         "ValidationName": "NAME_CONFLICT_VALIDATION", "ValidationStatus": "FAILED",
         "ValidationStatusReason": f"Resource of type '{kind}' with identifier '{name}' already exists.",
         "ValidationPath": f"/Resources/{logical_id}"}
        for logical_id, kind, name in conflicts]
    stack.setdefault("_operation_events", []).extend(change_set["_operation_events"])


def _with_outputs(change_set: Json) -> None:
    """For ministack a change of outputs alone is no change. AWS lists no changes, but the change set can be executed."""
    stack = cloudformation._stacks.get(change_set["StackName"])
    if not on("outputs-are-changes") or change_set["Status"] != "FAILED" or not stack or change_set["Changes"]:
        return
    before, after = (template.get("Outputs") or {} for template in (stack.get("_template") or {}, change_set["_template"]))
    if "didn't contain changes" in change_set["StatusReason"] and before != after:
        change_set.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")


def _remember_rollback(change_set: Json, params: Json) -> None:
    """ministack ignores `RollbackConfiguration`. This keeps it for tests."""
    prefix = "RollbackConfiguration."
    names = [name for name in params if name.startswith(prefix)]
    if not names:
        return
    triggers = sorted(name for name in names if name.endswith(".Arn"))
    change_set["_rollback"] = {"stack": change_set["StackName"], "alarms": [_p(params, name) for name in triggers],
                               "minutes": int(_p(params, prefix + "MonitoringTimeInMinutes") or 0)}
    ROLLBACKS.append(change_set["_rollback"])


def _validated(create: Callable[[Json], tuple]) -> Callable[[Json], tuple]:
    def run(params: Json) -> tuple:
        answer = create(params)
        if answer[0] < 400:
            made = re.search(r"<Id>(.*?)</Id>", answer[2].decode())
            change_set = cloudformation._change_sets[made[1]]
            _with_outputs(change_set)
            _validate(change_set)
            _remember_rollback(change_set, params)
            if NEXT:
                change_set.update(NEXT.pop(0))
        return answer

    return run


def _describing(describe: Callable[[Json], tuple]) -> Callable[[Json], tuple]:
    """ministack has the events of stacks. This adds the events of a change set, given by its ARN alone."""

    def run(params: Json) -> tuple:
        name = _p(params, "ChangeSetName")
        if not name:
            return describe(params)
        if not name.startswith("arn:"):
            # cloudformation-cli #1116: the change set's name alone is not enough.
            return _error("ValidationError", "One of ChangeSetName, OperationId or StackName must be specified")
        change_set = cloudformation._change_sets.get(name)
        if not change_set:
            return _error("ValidationError", f"ChangeSet [{name}] does not exist")
        events, token, error = _page(change_set.get("_operation_events", []), params, "DescribeEvents")
        if error:
            return error
        members = "".join("<member>" + "".join(
            f"<{field}>{escape(str(event[field]))}</{field}>"
            for field in handlers._OPERATION_EVENT_FIELDS if event.get(field)) + "</member>" for event in events)
        return _xml(200, "DescribeEventsResponse",
                    f"<DescribeEventsResult><OperationEvents>{members}</OperationEvents>{token}"
                    "</DescribeEventsResult>")

    return run


def _taking_in(validate: Callable[..., list]) -> Callable[..., list]:
    """ministack reports the name of an existing bucket as taken, even if the change set imports the bucket. With
    `ImportExistingResources`, CloudFormation imports existing resources also when it creates a stack ("Import AWS resources
    into a CloudFormation stack automatically" in its user guide)."""

    def run(resources: Json, ordered: list[str], params: Json, conditions: Json, mappings: Json, stack_name: str,
            stack_id: str, *owned: frozenset[str]) -> list:
        found = validate(resources, ordered, params, conditions, mappings, stack_name, stack_id, *owned)
        imported = {logical_id for one in cloudformation._change_sets.values() if one.get("StackId") == stack_id
                    for logical_id in one.get("_import_existing") or {}}
        return [error for error in found if error[0] not in imported or error[2] != "NAME_CONFLICT_VALIDATION"]

    return run


def install() -> None:
    stacks._validation_errors = _taking_in(stacks._validation_errors)
    actions = handlers._ACTION_HANDLERS
    actions["CreateChangeSet"] = _validated(actions["CreateChangeSet"])
    actions["DescribeEvents"] = _describing(actions["DescribeEvents"])
