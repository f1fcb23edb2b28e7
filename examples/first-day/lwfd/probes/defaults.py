"""Default permissions: whether empty lists close what is created from then on."""

from lwfd import catalog, lake
from lwfd.place import Unclear
from lwfd.probe import Outcome, Probe, Work, failed, passed
from lwfd.roles import reader


def database_list(work: Work) -> Outcome:
    place, what = work.first, "empty-database-list"
    name = work.name(what)
    lake.become_admin(place, work.run)
    if not lake.opens_by_default(lake.settings(place), "CreateTableDefaultPermissions"):
        raise Unclear("new tables of this account are closed by its settings already, so the database's own list "
                      "makes no difference here; try an account with Lake Formation's first settings")
    work.stacks(place).create(what, {"Database": catalog.database(place, name)}).must()
    place.client("glue").create_table(DatabaseName=name, TableInput=catalog.table_input(f"s3://{name}/orders/"))
    target = lake.table(place, name, catalog.TABLE)
    on_table = lake.grants(place, target).get(lake.EVERYONE, set())
    on_database = lake.grants(place, lake.database(place, name)).get(lake.EVERYONE, set())
    seen = (f"{lake.EVERYONE} holds {', '.join(sorted(on_table)) or 'nothing'} on the new table and "
            f"{', '.join(sorted(on_database)) or 'nothing'} on the database")
    if not on_table:
        return passed("closed", seen)
    lake.revoke(place, lake.EVERYONE, target, ["ALL"])
    closed = lake.EVERYONE not in lake.grants(place, target)
    return failed("open", f"{seen}; after an explicit revoke the table is {'closed' if closed else 'still open'}",
                  closed)


def account_lists(work: Work) -> Outcome:
    place, what = work.first, "empty-account-lists"
    before = lake.settings(place)
    if not any(lake.opens_by_default(before, key) for key in lake.DEFAULTS):
        raise Unclear("both default lists of this account are empty already; there is nothing to see here")
    lake.become_admin(place, work.run)
    before = lake.settings(place)
    admin = {"DataLakePrincipalIdentifier": reader(work, place)}
    properties = {"Admins": [admin], "MutationType": "APPEND", **{key: [] for key in lake.DEFAULTS}}
    if version := before.get("Parameters", {}).get("CROSS_ACCOUNT_VERSION"):
        properties["Parameters"] = {"CROSS_ACCOUNT_VERSION": version}
    try:
        work.stacks(place).create(what, {"Settings": {
            "Type": "AWS::LakeFormation::DataLakeSettings", "Properties": properties}}).must()
        after = lake.settings(place)
    finally:
        work.stacks(place).delete(what)
        lake.drop_roles(place)
        lake.restore(place)
    left = [key for key in lake.DEFAULTS if lake.opens_by_default(after, key)]
    if left:
        return failed("ignored", f"after the stack with empty lists, {' and '.join(left)} still name {lake.EVERYONE}")
    return passed("emptied", "after the stack with empty lists, both lists of the account are empty")


PROBES = [
    Probe("empty-database-list", "1:18",
          "Does a database's own empty CreateTableDefaultPermissions close tables that are created in it?",
          "closed: IAM_ALLOWED_PRINCIPALS holds nothing on the new table. Foreseen otherwise: open (the list is "
          "ignored and the account's settings count)",
          "cloudformation-coverage-roadmap #2197, #576, #2249; pulumi #4366; terraform-provider-aws PR #43226",
          "revoke Super explicitly and verify each table", database_list, "a Glue database, a table", 2, lake=True),
    Probe("empty-account-lists", "1:0, 1:18",
          "Does AWS::LakeFormation::DataLakeSettings with empty default lists empty the account's lists?",
          "emptied: both lists are empty afterwards. Foreseen otherwise: ignored (the handler leaves lists alone "
          "that are empty in the template)",
          "cloudformation-coverage-roadmap #2197", "PutDataLakeSettings by the deployer, then verify", account_lists,
          "a stack with the account's Lake Formation settings", 3,
          touches="the account's Lake Formation default permissions, for about two minutes", lake=True),
]
