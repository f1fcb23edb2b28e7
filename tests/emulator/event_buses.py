"""Rules with event buses of other accounts as targets (2:1, 2:1b), and bus policies."""

from typing import Any

from behaviours import on
from generic import RESOURCES, Part, handler_error
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge
from policies import ANYTHING, as_list, matches, met, statements

Json = dict[str, Any]


class EventBusPolicy(Part):
    """AWS::Events::EventBusPolicy, which ministack lacks: one statement of the bus's policy."""

    def delete(self, physical_id: str, props: Json) -> None:
        if self.key(physical_id) in RESOURCES:
            self._remove(props)
        super().delete(physical_id, props)

    def _remove(self, props: Json) -> Json:
        policy = eventbridge._event_bus_policies.setdefault(
            props.get("EventBusName") or "default", {"Version": "2012-10-17", "Statement": []})
        policy["Statement"] = [one for one in policy["Statement"] if one.get("Sid") != props["StatementId"]]
        return policy

    def put(self, props: Json) -> None:
        statement = props.get("Statement") or {"Effect": "Allow", **{
            name: props[name] for name in ("Action", "Principal") if name in props}}
        self._remove(props)["Statement"].append({**statement, "Sid": props["StatementId"]})


TYPES = {"AWS::Events::EventBusPolicy": EventBusPolicy}


def check_targets(_logical_id: str, props: Json, _stack_name: str) -> None:
    if not on("events-targets-checked"):
        return
    for target in props.get("Targets") or ():
        parts = str(target["Arn"]).split(":", 5)
        if len(parts) == 6 and parts[2] == "events" and parts[5].startswith("event-bus/"):
            region, account, name = parts[3], parts[4], parts[5].removeprefix("event-bus/")
            if (account, region) != (get_account_id(), get_region()):
                if reason := _refusal(account, region, name, target.get("RoleArn") or ""):
                    raise handler_error(f"AccessDeniedException: {reason} (Service: EventBridge, Status Code: 400, "
                                        f"target {target['Id']}: {target['Arn']})", "AccessDenied")


def _refusal(account: str, region: str, name: str, role: str) -> str:
    if name != "default" and not eventbridge._event_buses.get_scoped(account, region, name):
        return f"Event bus {name} does not exist in {account}"
    sender = get_account_id()
    if account == sender:
        return ""
    context = {"aws:PrincipalArn": [role], "aws:PrincipalAccount": [sender], "aws:SourceAccount": [sender],
               "aws:PrincipalOrgID": [ANYTHING], "aws:PrincipalOrgPaths": [ANYTHING]}
    for statement in statements(eventbridge._event_bus_policies.get_scoped(account, region, name)):
        principal = statement.get("Principal")
        holders = as_list(principal.get("AWS") if isinstance(principal, dict) else principal)
        admits = any(str(one) in ("*", sender, f"arn:aws:iam::{sender}:root", role) for one in holders)
        acts = any(matches(one.lower(), "events:putevents") for one in as_list(statement.get("Action")))
        if admits and acts and statement.get("Effect") == "Allow" and met(statement.get("Condition"), context):
            return ""
    return f"The policy of event bus {name} in {account} does not admit {role or sender}"
