"""What stacks may leave behind, found by its name or tag, and how it is deleted."""

from dataclasses import dataclass
from typing import Any, Callable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from lwfd.place import OURS, PREFIX, TAG, Place, pause


@dataclass(frozen=True)
class Leftover:
    """A resource that the script created and that is still there."""

    kind: str
    name: str
    remove: Callable[[], Any]


Finder = Callable[[Place, str], Iterator[Leftover]]


def ours(name: str, prefix: str) -> bool:
    """Whether a name is one of ours, not just one that begins alike."""
    return name.startswith(prefix) and bool(OURS.match(name))


def tags_of(prefix: str) -> list[str]:
    """The values that our tag has: the run's id, or anything when everything is to go."""
    run = prefix.removeprefix(PREFIX).split("-")[0]
    return [run] if run else ["*"]


def by_tag(prefix: str) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{TAG}", "Values": tags_of(prefix)}]


def pages(client: Any, operation: str, key: str, **request: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**request):
        yield from page[key]


def empty_bucket(place: Place, name: str) -> None:
    """Delete all objects, with all versions."""
    s3 = place.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for one in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])


def buckets(place: Place, prefix: str) -> Iterator[Leftover]:
    s3 = place.client("s3")

    def remove(name: str) -> None:
        empty_bucket(place, name)
        s3.delete_bucket(Bucket=name)

    for one in s3.list_buckets()["Buckets"]:
        if ours(one["Name"], prefix):
            yield Leftover("bucket", one["Name"], lambda name=one["Name"]: remove(name))


def glue(place: Place, prefix: str) -> Iterator[Leftover]:
    api = place.client("glue")
    for one in pages(api, "get_crawlers", "Crawlers"):
        if ours(one["Name"], prefix):
            yield Leftover("crawler", one["Name"], lambda name=one["Name"]: api.delete_crawler(Name=name))
    for one in pages(api, "get_jobs", "Jobs"):
        if ours(one["Name"], prefix):
            yield Leftover("Glue job", one["Name"], lambda name=one["Name"]: api.delete_job(JobName=name))
    for one in pages(api, "get_databases", "DatabaseList"):
        if ours(one["Name"], prefix):
            yield Leftover("Glue database", one["Name"], lambda name=one["Name"]: api.delete_database(Name=name))


def workgroups(place: Place, prefix: str) -> Iterator[Leftover]:
    api = place.client("athena")
    for one in api.list_work_groups()["WorkGroups"]:
        if ours(one["Name"], prefix):
            yield Leftover("workgroup", one["Name"], lambda name=one["Name"]: api.delete_work_group(
                WorkGroup=name, RecursiveDeleteOption=True))


def locations(place: Place, prefix: str) -> Iterator[Leftover]:
    api = place.client("lakeformation")
    for one in api.list_resources().get("ResourceInfoList", []):
        if ours(one["ResourceArn"].split(":::")[-1], prefix):
            yield Leftover("registered location", one["ResourceArn"],
                           lambda arn=one["ResourceArn"]: api.deregister_resource(ResourceArn=arn))


def opt_ins(place: Place, prefix: str) -> Iterator[Leftover]:
    api = place.client("lakeformation")
    for one in api.list_lake_formation_opt_ins().get("LakeFormationOptInsInfoList", []):
        if ours(one["Principal"]["DataLakePrincipalIdentifier"].rsplit("/", 1)[-1], prefix):
            request = {"Principal": one["Principal"], "Resource": one["Resource"]}
            yield Leftover("opt-in", one["Principal"]["DataLakePrincipalIdentifier"],
                           lambda request=request: api.delete_lake_formation_opt_in(**request))


def rules(place: Place, prefix: str) -> Iterator[Leftover]:
    api = place.client("events")

    def remove(name: str) -> None:
        ids = [one["Id"] for one in api.list_targets_by_rule(Rule=name)["Targets"]]
        if ids:
            api.remove_targets(Rule=name, Ids=ids)
        api.delete_rule(Name=name)

    for one in api.list_rules(NamePrefix=prefix)["Rules"]:
        if ours(one["Name"], prefix):
            yield Leftover("rule", one["Name"], lambda name=one["Name"]: remove(name))
    for one in api.list_event_buses(NamePrefix=prefix)["EventBuses"]:
        if ours(one["Name"], prefix):
            yield Leftover("event bus", one["Name"], lambda name=one["Name"]: api.delete_event_bus(Name=name))


def keys(place: Place, prefix: str) -> Iterator[Leftover]:
    """Keys with our tag; a run's own only, unless everything is to go."""
    wanted = {"Key": TAG} if tags_of(prefix) == ["*"] else {"Key": TAG, "Values": tags_of(prefix)}
    kms = place.client("kms")
    tagging = place.client("resourcegroupstaggingapi")
    for one in pages(tagging, "get_resources", "ResourceTagMappingList", TagFilters=[wanted],
                     ResourceTypeFilters=["kms"]):
        key = kms.describe_key(KeyId=one["ResourceARN"])["KeyMetadata"]
        if key["KeyState"] in ("Enabled", "Disabled"):
            yield Leftover("key", key["Arn"], lambda arn=key["Arn"]: kms.schedule_key_deletion(
                KeyId=arn, PendingWindowInDays=7))
    for one in pages(kms, "list_aliases", "Aliases"):
        if ours(one["AliasName"].removeprefix("alias/"), prefix):
            yield Leftover("key alias", one["AliasName"], lambda name=one["AliasName"]: kms.delete_alias(
                AliasName=name))


def domains(place: Place, prefix: str) -> Iterator[Leftover]:
    api = place.client("sagemaker")
    for one in pages(api, "list_domains", "Domains"):
        if ours(one["DomainName"], prefix) and one["Status"] != "Deleting":
            yield Leftover("SageMaker domain", one["DomainId"], lambda known=one["DomainId"]: api.delete_domain(
                DomainId=known, RetentionPolicy={"HomeEfsFileSystem": "Delete"}))


def file_systems(place: Place, prefix: str) -> Iterator[Leftover]:
    """A domain's file system stays when its stack goes; the probe has put our tag on it."""
    api = place.client("efs")

    def remove(known: str) -> None:
        for target in api.describe_mount_targets(FileSystemId=known)["MountTargets"]:
            api.delete_mount_target(MountTargetId=target["MountTargetId"])
        for _ in range(60):
            if not api.describe_mount_targets(FileSystemId=known)["MountTargets"]:
                break
            pause(5)
        api.delete_file_system(FileSystemId=known)

    for one in pages(api, "describe_file_systems", "FileSystems"):
        values = [tag["Value"] for tag in one.get("Tags", []) if tag["Key"] == TAG]
        if values and tags_of(prefix) in (["*"], values):
            yield Leftover("file system", one["FileSystemId"], lambda known=one["FileSystemId"]: remove(known))


def groups(place: Place, prefix: str) -> Iterator[Leftover]:
    """Security groups in our networks: our own, and those that SageMaker makes for file systems."""
    ec2 = place.client("ec2")

    def remove(group: dict[str, Any]) -> None:
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        if group["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
        ec2.delete_security_group(GroupId=group["GroupId"])

    networks = [one["VpcId"] for one in ec2.describe_vpcs(Filters=by_tag(prefix))["Vpcs"]]
    if not networks:
        return
    inside = [{"Name": "vpc-id", "Values": networks}]
    found = [one for one in ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
             if one["GroupName"] != "default"]
    # Groups that name each other: the second round finds the first one's rules gone.
    for one in found + found:
        yield Leftover("security group", one["GroupId"], lambda group=one: remove(group))


def networks(place: Place, prefix: str) -> Iterator[Leftover]:
    ec2 = place.client("ec2")
    for one in ec2.describe_subnets(Filters=by_tag(prefix))["Subnets"]:
        yield Leftover("subnet", one["SubnetId"], lambda known=one["SubnetId"]: ec2.delete_subnet(SubnetId=known))
    for one in ec2.describe_vpcs(Filters=by_tag(prefix))["Vpcs"]:
        yield Leftover("VPC", one["VpcId"], lambda known=one["VpcId"]: ec2.delete_vpc(VpcId=known))


def parameters(place: Place, prefix: str) -> Iterator[Leftover]:
    api = place.client("ssm")
    begins = [{"Key": "Name", "Option": "BeginsWith", "Values": [prefix]}]
    for one in pages(api, "describe_parameters", "Parameters", ParameterFilters=begins):
        if ours(one["Name"], prefix):
            yield Leftover("parameter", one["Name"], lambda name=one["Name"]: api.delete_parameter(Name=name))


def roles(place: Place, prefix: str) -> Iterator[Leftover]:
    iam = place.client("iam")

    def remove(name: str) -> None:
        for one in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=one)
        iam.delete_role(RoleName=name)

    for one in pages(iam, "list_roles", "Roles"):
        name = one["RoleName"]
        if ours(name, prefix) and any(tag["Key"] == TAG for tag in iam.list_role_tags(RoleName=name)["Tags"]):
            yield Leftover("role", name, lambda name=name: remove(name))
    for one in pages(iam, "list_policies", "Policies", Scope="Local"):
        if ours(one["PolicyName"], prefix):
            yield Leftover("policy", one["Arn"], lambda arn=one["Arn"]: iam.delete_policy(PolicyArn=arn))


# Before the stacks that hold networks.
IN_NETWORKS: tuple[Finder, ...] = (file_systems, groups)
# After all stacks, what depends on others first.
REST: tuple[Finder, ...] = (opt_ins, domains, file_systems, rules, glue, workgroups, locations, buckets, keys, groups,
                            networks, parameters, roles)


def clear(place: Place, prefix: str, finders: tuple[Finder, ...]) -> list[str]:
    """Delete what the finders find; the answer names what stays, with the reason."""
    stays: dict[tuple[str, str], str] = {}
    for finder in finders:
        try:
            for left in finder(place, prefix):
                try:
                    left.remove()
                    stays.pop((left.kind, left.name), None)
                except (BotoCoreError, ClientError) as error:
                    stays[left.kind, left.name] = str(error)
        except (BotoCoreError, ClientError) as error:
            if not place.emulated:
                stays[finder.__name__, "unknown"] = f"could not be listed: {error}"
    return [f"{kind} {name} in {place.account}/{place.region}: {why}" for (kind, name), why in stays.items()]
