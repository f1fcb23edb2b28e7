"""Grants of one account: narrowed, moved, and several for one principal and table."""

from lwfd import catalog, lake
from lwfd.probe import Outcome, Probe, Work, failed, passed, surprise
from lwfd.roles import reader
from lwfd.stacks import State, Template

Rights = list[str]
READ, WRITE = ["DESCRIBE", "SELECT"], ["DESCRIBE", "INSERT", "SELECT"]


class Shared:
    """A stack with a database, a table, and grants on the table to one role."""

    def __init__(self, work: Work, what: str) -> None:
        self.place, self.what = work.first, what
        self.name = work.name(what)
        lake.become_admin(self.place, work.run)
        self.reader = reader(work, self.place)
        self.stacks = work.stacks(self.place)

    def template(self, grants: dict[str, Rights]) -> Template:
        """Grants by logical id, one after the other, as Lakewright chains them."""
        resources = {"Database": catalog.database(self.place, self.name),
                     "Table": catalog.table(self.place, self.name, f"s3://{self.name}/orders/")}
        previous, target = "Table", lake.table(self.place, self.name, catalog.TABLE)
        for logical_id, rights in grants.items():
            resources[logical_id] = catalog.grant(self.place, self.reader, target, rights, previous)
            previous = logical_id
        return resources

    def create(self, grants: dict[str, Rights]) -> State:
        return self.stacks.create(self.what, self.template(grants))

    def update(self, grants: dict[str, Rights]) -> State:
        return self.stacks.update(self.what, self.template(grants))

    def rights(self) -> Rights:
        """What the role holds now. SELECT makes DESCRIBE superfluous, so that may not be listed."""
        found = lake.grants(self.place, lake.table(self.place, self.name, catalog.TABLE))
        return sorted(found.get(self.reader, set()))

    def lacks(self, wanted: Rights) -> bool:
        held = set(self.rights())
        implied = {"DESCRIBE"} if "SELECT" in held else set()
        return not set(wanted) <= held | implied


def ended(state: State, shared: Shared, wanted: Rights, unwanted: Rights) -> Outcome:
    """What an update of grants comes to."""
    held = shared.rights()
    seen = f"{state.why}; the role holds {', '.join(held) or 'nothing'}"
    if not state.ok:
        return failed("refused" if not shared.lacks(wanted) else "refused-and-lost", seen)
    if shared.lacks(wanted):
        return failed("lost", seen)
    return failed("kept", seen) if set(held) & set(unwanted) else passed("exact", seen)


def narrow(work: Work) -> Outcome:
    shared = Shared(work, "grant-narrow")
    shared.create({"Access": WRITE}).must()
    return ended(shared.update({"Access": READ}), shared, READ, ["INSERT"])


def move(work: Work) -> Outcome:
    shared = Shared(work, "grant-move")
    shared.create({"AccessOfStewards": READ}).must()
    return ended(shared.update({"AccessOfShare": READ}), shared, READ, [])


def together(work: Work, what: str, second: Rights, left: str) -> Outcome:
    """Two resources for one role and table; then the second one goes."""
    shared = Shared(work, what)
    state = shared.create({"Read": READ, "Write": second})
    if not state.ok:
        result = failed if state.says("already exists", "AlreadyExists") else surprise
        return result("refused", state.why)
    if shared.lacks([*READ, *second]):
        return failed("missing", f"both were created; the role holds {', '.join(shared.rights()) or 'nothing'}")
    outcome = ended(shared.update({"Read": READ}), shared, READ, ["INSERT"])
    return passed("added-up", outcome.seen) if outcome.result == "pass" else failed(left, outcome.seen)


def pair(work: Work) -> Outcome:
    return together(work, "grant-pair", ["INSERT"], "lost")


def overlap(work: Work) -> Outcome:
    return together(work, "grant-overlap", WRITE, "lost")


SOURCE = ("CloudFormation reference of AWS::LakeFormation::PrincipalPermissions (every property replaces); "
          "cloudformation-coverage-roadmap #2500; pulumi-aws-native #1303")
MAKES = "a Glue database, a table, grants to a role"
ONE_RIGHT = "one resource for each right, with principal, resource and right in its logical id"

PROBES = [
    Probe("grant-narrow", "1:2", "Does a grant whose Permissions become fewer in an update end with exactly those?",
          "exact: the update succeeds and the role holds DESCRIBE and SELECT. Foreseen otherwise: refused (the "
          "replacement collides with the old grant) or lost (its clean-up revokes what the new one granted)",
          SOURCE, ONE_RIGHT + "; never change Permissions in place", narrow, MAKES, 3, lake=True),
    Probe("grant-move", "1:3", "Does the same grant survive when it gets another logical id in one update?",
          "exact: the update succeeds and the role still holds DESCRIBE and SELECT. Foreseen otherwise: refused "
          "(AlreadyExists) or lost (the clean-up of the old id revokes it)",
          SOURCE + "; dataall #429", "a logical id that never changes for the same grant", move, MAKES, 3, lake=True),
    Probe("grant-pair", "1:2, f:1", "Do two grant resources with different rights for one principal and table add up?",
          "added-up: both are created, and deleting one leaves the rights of the other. Foreseen otherwise: refused "
          "(principal and resource identify a grant, whatever its rights)",
          SOURCE, "none: the remedy of 1:2 depends on this; otherwise all rights of a pair belong in one resource",
          pair, MAKES, 3, lake=True),
    Probe("grant-overlap", "1:2", "Can two grant resources share a right for one principal and table?",
          "added-up: both are created, and deleting one keeps the shared right. Foreseen otherwise: refused "
          "(AlreadyExists) or lost (deleting one revokes the shared right)",
          SOURCE, ONE_RIGHT, overlap, MAKES, 3, lake=True),
]
