"""A row filter on a location in hybrid access mode."""

from lwfd import catalog, data, lake
from lwfd.probe import Outcome, Probe, Work, failed, passed, surprise
from lwfd.roles import allow, role, root
from lwfd.stacks import Template

WHAT = "hybrid"


def template(work: Work, name: str, reader: str) -> Template:
    """Bucket, registered location, table, filter, and a reader who has both IAM access and the filter."""
    place, mine = work.first, f"arn:{work.first.partition}:s3:::{name}"
    location = role(f"{name}-location", {"Service": "lakeformation.amazonaws.com"},
                    [allow(["s3:GetObject", "s3:ListBucket"], [mine, f"{mine}/*"])])
    return {
        "Bucket": data.bucket(name),
        "LocationRole": location,
        # Athena's results lie beside it: they must not be under a registered location.
        "Location": {"Type": "AWS::LakeFormation::Resource", "DependsOn": "Bucket", "Properties": {
            "ResourceArn": f"{mine}/orders", "RoleArn": {"Fn::GetAtt": ["LocationRole", "Arn"]},
            "UseServiceLinkedRole": False, "HybridAccessEnabled": True}},
        "Database": catalog.database(place, name) | {"DependsOn": "Location"},
        "Table": catalog.table(place, name, f"s3://{name}/orders/"),
        "Filter": catalog.rows_filter(place, name, "part-a", "part = 'a'") | {"DependsOn": "Table"},
        "Describe": catalog.grant(place, reader, lake.database(place, name), ["DESCRIBE"], "Filter"),
        "Filtered": catalog.grant(place, reader, catalog.filter_resource(place, name, "part-a"), ["SELECT"],
                                  "Describe"),
        "WorkGroup": {"Type": "AWS::Athena::WorkGroup", "Properties": {
            "Name": name, "RecursiveDeleteOption": True, "WorkGroupConfiguration": {
                "EnforceWorkGroupConfiguration": True,
                "ResultConfiguration": {"OutputLocation": f"s3://{name}/results/"}}}},
    }


def filtered(work: Work) -> Outcome:
    place, name = work.first, work.name(f"{WHAT}-data")
    lake.become_admin(place, work.run)
    who = work.name(f"{WHAT}-reader-role")
    work.stacks(place).create(f"{WHAT}-reader-role", {
        "Role": role(who, root(place), data.reading(place, name))}).must()
    place.settle()
    work.stacks(place).create(f"{WHAT}-data", template(work, name, place.role_arn(who))).must()
    data.upload(place, name, "orders")
    for target in (lake.database(place, name), lake.table(place, name, catalog.TABLE)):
        lake.grant(place, lake.EVERYONE, target, ["ALL"])
    reader = place.assume(place.role_arn(who))
    place.settle()
    before = data.count(reader, name, name)
    opted = {"DataLakePrincipalIdentifier": place.role_arn(who)}
    for target in (lake.database(place, name), lake.table(place, name, catalog.TABLE)):
        place.client("lakeformation").create_lake_formation_opt_in(Principal=opted, Resource=target)
    place.settle(30)
    after = data.count(reader, name, name)
    seen = f"of 2 rows the filter admits 1; the reader saw {before} without opt-in and {after} with it"
    if before == 1:
        return passed("bound", seen, after == 1)
    if before == 2:
        return failed("unbound" if after == 1 else "never", seen, after == 1)
    return surprise("other", seen)


PROBES = [
    Probe("hybrid-filter", "1:1", "Does a row filter on a hybrid location bind a reader who is not opted in?",
          "bound: the reader sees 1 of 2 rows without opt-in. Foreseen otherwise: unbound (both rows until the reader "
          "is opted in)",
          "Lake Formation documentation on hybrid access mode; terraform-provider-aws #36353",
          "opt in each reader, or revoke IAM_ALLOWED_PRINCIPALS", filtered,
          "an S3 bucket, a registered location, a Glue database, a filter, an Athena workgroup, two roles", 5,
          cost=0.01, aws_only="the emulator runs no queries under Lake Formation", lake=True),
]
