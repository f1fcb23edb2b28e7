"""CloudFormation stacks: create, update, delete, and read why an operation failed."""

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lwfd.place import PREFIX, TAG, Place, Unclear, pause

Template = dict[str, Any]
# CloudFormation's words for a role that was created a moment ago.
NOT_YET = "cannot be assumed"
PATIENCE = 120


def document(resources: dict[str, Any]) -> str:
    """A template with these resources."""
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})


@dataclass(frozen=True)
class State:
    """How an operation on a stack ended."""

    name: str
    status: str
    reasons: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")

    @property
    def why(self) -> str:
        """Status and first reason, short enough for a report."""
        return f"{self.status}: {self.reasons[0][:400]}" if self.reasons else self.status

    def says(self, *texts: str) -> bool:
        return any(text.lower() in reason.lower() for reason in self.reasons for text in texts)

    @property
    def denied(self) -> bool:
        return self.says("not authorized", "AccessDenied", "access denied", "UnauthorizedTaggingOperation",
                         "UnauthorizedOperation")

    def must(self) -> "State":
        """This state, or the end of a probe whose preparation failed."""
        if not self.ok:
            raise Unclear(f"stack {self.name} could not be prepared: {self.why}")
        return self


class Stacks:
    """The stacks of one run in one place."""

    def __init__(self, place: Place, run: str) -> None:
        self.place, self.run = place, run
        self.api = place.client("cloudformation")
        self.pause = 0.2 if place.emulated else 5

    def name(self, what: str) -> str:
        return f"{PREFIX}{self.run}-{what}"

    def tags(self, more: dict[str, str] | None = None) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in ({TAG: self.run} | (more or {})).items()]

    def request(self, what: str, resources: Template, role: str | None = None,
                tags: dict[str, str] | None = None) -> dict[str, Any]:
        """What the calls that create or change a stack have in common."""
        request = {"StackName": self.name(what), "TemplateBody": document(resources),
                   "Capabilities": ["CAPABILITY_NAMED_IAM"], "Tags": self.tags(tags)}
        return request | ({"RoleARN": role} if role else {})

    def start(self, what: str, resources: Template, role: str | None = None,
              tags: dict[str, str] | None = None) -> None:
        """Begin to create a stack and do not wait."""
        request = self.request(what, resources, role, tags)
        self.patiently(lambda: self.api.create_stack(**request))

    def create(self, what: str, resources: Template, role: str | None = None,
               tags: dict[str, str] | None = None) -> State:
        self.start(what, resources, role, tags)
        return self.wait(self.name(what))

    def update(self, what: str, resources: Template, role: str | None = None,
               tags: dict[str, str] | None = None) -> State:
        known = self.events(self.name(what))
        request = self.request(what, resources, role, tags)
        self.patiently(lambda: self.api.update_stack(**request))
        return self.wait(self.name(what), {event["EventId"] for event in known})

    def delete(self, what: str, role: str | None = None) -> State:
        return self.delete_named(self.name(what), role)

    def delete_named(self, name: str, role: str | None = None, force: bool = False) -> State:
        stack = self.describe(name)
        if not stack or not name.startswith(PREFIX):
            return State(name, "DELETE_COMPLETE")
        known = {event["EventId"] for event in self.events(stack["StackId"])}
        more = ({"RoleARN": role} if role else {}) | ({"DeletionMode": "FORCE_DELETE_STACK"} if force else {})
        if stack["StackStatus"] != "DELETE_IN_PROGRESS":
            self.patiently(lambda: self.api.delete_stack(StackName=name, **more))
        return self.wait(stack["StackId"], known)

    def patiently(self, call: Any) -> Any:
        """Repeat a call while CloudFormation does not know its role yet."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return call()
            except ClientError as error:
                if NOT_YET not in str(error) or time.monotonic() > end:
                    raise
                pause(1 if self.place.emulated else 5)

    def describe(self, name: str) -> dict[str, Any] | None:
        try:
            stack = self.api.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return stack if stack["StackStatus"] != "DELETE_COMPLETE" or name.startswith("arn:") else None

    def wait(self, name: str, known: set[str] = frozenset(), minutes: float = 40) -> State:
        """Wait for the end of the operation in progress."""
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            stack = self.describe(name)
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            if not status.endswith("_IN_PROGRESS"):
                found = self.reasons(name, known) if stack and "ROLLBACK" in status or "FAILED" in status else ()
                return State(name, status, found)
            pause(self.pause)
        raise Unclear(f"stack {name} did not come to an end within {minutes:g} minutes")

    def events(self, name: str) -> list[dict[str, Any]]:
        pages = self.api.get_paginator("describe_stack_events").paginate(StackName=name)
        return [event for page in pages for event in page["StackEvents"]]

    def reasons(self, name: str, known: set[str] = frozenset()) -> tuple[str, ...]:
        """Why resources failed, in the order of time. `known`: events of earlier operations."""
        failures = [event for event in reversed(self.events(name))
                    if event["EventId"] not in known and event["ResourceStatus"].endswith("_FAILED")
                    and "cancelled" not in event.get("ResourceStatusReason", "")]
        return tuple(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}"
                     for event in failures)

    def resources(self, name: str) -> list[dict[str, Any]]:
        pages = self.api.get_paginator("list_stack_resources").paginate(StackName=name)
        return [one for page in pages for one in page["StackResourceSummaries"]]
