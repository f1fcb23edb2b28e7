"""Grants to a role of another account."""

from lwfd import catalog, lake
from lwfd.place import Place, Unclear, pause
from lwfd.probe import Outcome, Probe, Work, failed, passed, surprise
from lwfd.roles import reader
from lwfd.stacks import Stacks

WHAT = "foreign-grant"


def prepare(work: Work, place: Place, name: str) -> None:
    """A database and a table that IAM_ALLOWED_PRINCIPALS does not reach: otherwise sharing is refused."""
    work.stacks(place).create(f"{WHAT}-data", {
        "Database": catalog.database(place, name),
        "Table": catalog.table(place, name, f"s3://{name}/orders/")}).must()
    for target in (lake.table(place, name, catalog.TABLE), lake.database(place, name)):
        if lake.EVERYONE in lake.grants(place, target):
            lake.revoke(place, lake.EVERYONE, target, ["ALL"])


def drift(stacks: Stacks, name: str) -> str:
    """What CloudFormation reads of the grants: it compares them with the template."""
    started = stacks.api.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    for _ in range(60):
        found = stacks.api.describe_stack_drift_detection_status(StackDriftDetectionId=started)
        if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            return found.get("StackDriftStatus", "UNKNOWN")
        pause(stacks.pause)
    return "UNKNOWN"


def leftovers(place: Place, name: str, principal: str) -> list[str]:
    """Rights of the foreign role on table and filter, asked by resource only."""
    held = set(lake.grants(place, lake.table(place, name, catalog.TABLE)).get(principal, set()))
    try:
        held |= lake.grants(place, catalog.filter_resource(place, name, "part-a")).get(principal, set())
    except place.client("lakeformation").exceptions.EntityNotFoundException:
        pass  # the filter is gone, and its grants with it
    return sorted(held)


def foreign(work: Work) -> Outcome:
    place, name = work.first, work.name(f"{WHAT}-data")
    lake.become_admin(place, work.run)
    version = lake.settings(place).get("Parameters", {}).get("CROSS_ACCOUNT_VERSION", "1")
    if not place.emulated and int(version) < 3:
        raise Unclear(f"CROSS_ACCOUNT_VERSION is {version}, and grants to roles of other accounts need 3; the script "
                      "does not raise it, because it cannot be lowered again everywhere")
    principal = reader(work, work.second)
    prepare(work, place, name)
    stacks = work.stacks(place)
    state = stacks.create(f"{WHAT}-grants", {
        "Direct": catalog.grant(place, principal, lake.table(place, name, catalog.TABLE), ["DESCRIBE"], "Filter"),
        "Filter": catalog.rows_filter(place, name, "part-a", "part = 'a'"),
        "Filtered": catalog.grant(place, principal, catalog.filter_resource(place, name, "part-a"), ["SELECT"],
                                  ["Direct", "Filter"]),
    })
    if not state.ok:
        left = leftovers(place, name, principal)
        return failed("leftover" if left else "refused",
                      f"{state.why}; after the roll-back the role holds {', '.join(left) or 'nothing'}")
    granted = leftovers(place, name, principal)
    drifted, deleted = drift(stacks, state.name), stacks.delete(f"{WHAT}-grants")
    left = leftovers(place, name, principal)
    seen = (f"created, the role held {', '.join(granted) or 'nothing'}; drift: {drifted}; deletion: {deleted.why}; "
            f"afterwards it holds {', '.join(left) or 'nothing'}")
    if not granted:
        return surprise("not-listed", seen)
    if not deleted.ok or left:
        return failed("leftover", seen)
    return failed("false-drift", seen) if drifted == "DRIFTED" else passed("clean", seen)


PROBES = [
    Probe("foreign-grant", "1:14",
          "Can grants to a role of another account be created, read for drift and deleted?",
          "clean: created, without drift, and nothing is left after deletion. Foreseen otherwise: refused or leftover "
          "(the handler's read step cannot see grants of foreign roles), or false-drift",
          "terraform-provider-aws #44574, #48360; cloudformation-coverage-roadmap #1323, #1381",
          "after a failure, list by resource without a principal and revoke what is left", foreign,
          "a Glue database, a table, a row filter, grants to a role of the second account", 5, second=True,
          touches="a resource share in AWS RAM, which Lake Formation creates and deletes by itself", lake=True),
]
