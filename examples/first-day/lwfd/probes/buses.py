"""Rules that send to an event bus of another account."""

from typing import Any

from lwfd.place import Place
from lwfd.probe import Outcome, Probe, Work, failed, passed, surprise
from lwfd.roles import allow, role, root
from lwfd.stacks import State, Template


def bus_template(work: Work, bus: str, principal_arn: str | None) -> Template:
    """A bus of the second account that admits the first, optionally one principal of it only."""
    statement: dict[str, Any] = {
        "Sid": "FirstDay", "Effect": "Allow", "Principal": root(work.first), "Action": "events:PutEvents",
        "Resource": work.second.arn("events", f"event-bus/{bus}")}
    if principal_arn:
        statement["Condition"] = {"ArnEquals": {"aws:PrincipalArn": principal_arn}}
    return {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": bus}},
        "Policy": {"Type": "AWS::Events::EventBusPolicy", "Properties": {
            "EventBusName": {"Ref": "Bus"}, "StatementId": "FirstDay", "Statement": statement}},
    }


class Rules:
    """Rules of the first account, with the role that delivers their events."""

    def __init__(self, work: Work, what: str) -> None:
        self.work, self.what, self.bus = work, what, work.name(f"{what}-bus")
        self.target = work.second.arn("events", f"event-bus/{self.bus}")
        name = work.name(f"{what}-role")
        work.stacks(work.first).create(f"{what}-role", {"Role": role(
            name, {"Service": "events.amazonaws.com"}, [allow(["events:PutEvents"], self.target)])}).must()
        work.first.settle()
        self.role = work.first.role_arn(name)

    def admit(self, principal_arn: str | None, first: bool = False) -> None:
        """Deploy the bus with a policy for this principal."""
        stacks = self.work.stacks(self.work.second)
        deploy = stacks.create if first else stacks.update
        deploy(f"{self.what}-bus", bus_template(self.work, self.bus, principal_arn)).must()
        self.work.second.settle(10)

    def attempt(self, number: int) -> State:
        """Create a rule that sends to the bus, and leave nothing of it."""
        what, stacks = f"{self.what}-rule{number}", self.work.stacks(self.work.first)
        state = stacks.create(what, {"Rule": {"Type": "AWS::Events::Rule", "Properties": {
            "Name": self.work.name(what), "State": "ENABLED", "EventPattern": {"source": ["lakewright.first-day"]},
            "Targets": [{"Id": "bus", "Arn": self.target, "RoleArn": self.role}]}}})
        stacks.delete(what)
        return state


def order(work: Work) -> Outcome:
    rules = Rules(work, "bus-order")
    before = rules.attempt(1)
    rules.admit(rules.role, first=True)
    after = rules.attempt(2)
    seen = f"before bus and policy exist: {before.why}; afterwards: {after.why}"
    if before.ok:
        return passed("unchecked", seen) if after.ok else surprise("only-before", seen)
    return failed("checked", seen, remedy_holds=after.ok)


def caller_of(place: Place) -> str:
    """The caller's role; an emulator knows only sessions."""
    return place.caller if place.emulated else place.principal()


def who(work: Work) -> Outcome:
    rules = Rules(work, "bus-who")
    rules.admit(rules.role, first=True)
    as_role = rules.attempt(1)
    if as_role.ok:
        rules.admit(work.first.role_arn(work.name("nobody")))
        as_nobody = rules.attempt(2)
        seen = f"policy for the rule's role: {as_role.why}; policy for another role: {as_nobody.why}"
        return passed("unchecked" if as_nobody.ok else "role", seen)
    rules.admit(caller_of(work.first))
    as_caller = rules.attempt(3)
    rules.admit(None)
    as_account = rules.attempt(4)
    seen = (f"policy for the rule's role: {as_role.why}; for the caller: {as_caller.why}; "
            f"for the account without a condition: {as_account.why}")
    if as_caller.ok:
        return failed("caller", seen, remedy_holds=as_account.ok)
    return surprise("account" if as_account.ok else "never", seen, remedy_holds=as_account.ok)


MAKES = "a role and a rule in the first account, an event bus with a policy in the second"
SOURCE = "aws-cdk PR #3323; modernisation-platform-environments PR #19002"

PROBES = [
    Probe("bus-order", "2:1", "Does a rule need its target bus in another account, with a policy, to exist first?",
          "unchecked: the rule is created although the bus does not exist. Foreseen otherwise: checked (PutTargets is "
          "refused until bus and policy exist)",
          SOURCE, "deploy bus and policy before the environments", order, MAKES, 6, second=True),
    Probe("bus-who", "2:1b", "Is it the rule's role or the caller of PutTargets that the bus's policy must admit?",
          "role: a policy for the rule's role is enough. Foreseen otherwise: caller (the policy must admit the "
          "execution role)",
          SOURCE + "; NHSDigital/nhs-notify-eventbus", "admit the account without aws:PrincipalArn", who, MAKES, 7,
          second=True),
]
