"""Conditions of the execution role that a handler's calls may not meet."""

from typing import Any

from lwfd import catalog, lake
from lwfd.place import MESH_TAG
from lwfd.probe import Outcome, Probe, Work, passed, refused
from lwfd.roles import allow, execution_role, request_tag, resource_tag, role, root
from lwfd.stacks import State, Template

Json = dict[str, Any]
NO_POLICIES = "the emulator does not evaluate IAM policies for this call"


def group_statements(work: Work) -> list[Json]:
    """The execution role's statements for security groups: by the mesh's tag, except while creating."""
    mesh, arn = work.name("mesh"), work.first.arn
    group, rule = arn("ec2", "security-group/*"), arn("ec2", "security-group-rule/*")
    return [
        allow(["ec2:CreateSecurityGroup"], arn("ec2", "vpc/*")),
        allow(["ec2:CreateSecurityGroup"], group, request_tag(mesh)),
        allow(["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup",
               "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress", "ec2:CreateTags",
               "ec2:DeleteTags"], group, resource_tag(mesh)),
        allow(["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"], rule),
        allow(["ec2:CreateTags"], [group, rule], {"Null": {"ec2:CreateAction": "false"}}),
        allow(["ec2:Describe*"]),
    ]


def group_template(work: Work, vpc: str, inside: bool) -> Template:
    """A security group with its rules inside, or as resources of their own."""
    way = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.77.0.0/16"}
    name = work.name(f"group-{'inside' if inside else 'beside'}")
    properties: Json = {"GroupName": name, "GroupDescription": "first-day probe of Lakewright", "VpcId": vpc,
                        "Tags": [{"Key": MESH_TAG, "Value": work.name("mesh")}]}
    if inside:
        properties |= {"SecurityGroupIngress": [way], "SecurityGroupEgress": [way]}
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}
    if inside:
        return {"Group": group}
    mine = {"GroupId": {"Fn::GetAtt": ["Group", "GroupId"]}, **way}
    return {"Group": group, "In": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": mine},
            "Out": {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": mine}}


def security_group(work: Work) -> Outcome:
    stacks = work.stacks(work.first)
    stacks.create("group-vpc-role", {"Network": {"Type": "AWS::EC2::VPC", "Properties": {
        "CidrBlock": "10.77.0.0/16"}}}).must()
    vpc = stacks.resources(work.name("group-vpc-role"))[0]["PhysicalResourceId"]
    execution = execution_role(work, "group", group_statements(work))
    inside = stacks.create("group-inside", group_template(work, vpc, True), execution)
    stacks.delete("group-inside")
    beside = stacks.create("group-beside", group_template(work, vpc, False), execution)
    stacks.delete("group-beside")
    seen = f"rules inside: {inside.why}; rules as resources of their own: {beside.why}"
    if inside.ok:
        return passed("accepted", seen, beside.ok)
    return refused(inside, seen, ["ec2:AuthorizeSecurityGroup", "ec2:RevokeSecurityGroup", "ec2:CreateTags"], beside.ok)


def boundary_statements(work: Work, boundary: str) -> list[Json]:
    """The execution role's statements for roles: only for those with the permissions boundary."""
    roles = work.first.role_arn(work.name("boundary-*"))
    actions = ["AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePolicy", "DetachRolePolicy",
               "PutRolePermissionsBoundary", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateRole",
               "UpdateRoleDescription"]
    return [allow([f"iam:{action}" for action in actions], roles, {"ArnEquals": {"iam:PermissionsBoundary": boundary}}),
            allow(["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
                   "iam:TagRole", "iam:UntagRole", "iam:ListRoleTags"], roles)]


def boundary_condition(work: Work) -> Outcome:
    place, stacks = work.first, work.stacks(work.first)
    boundary = place.arn("iam", "policy/" + work.name("limit"), region="")
    stacks.create("boundary-limit-role", {"Limit": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
        "ManagedPolicyName": work.name("limit"),
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow(["s3:GetObject"])]}}}}).must()
    execution = execution_role(work, "boundary-execution", boundary_statements(work, boundary))
    name = work.name("boundary-target")
    trusting = {"Service": "glue.amazonaws.com"}
    stacks.create("boundary-target", {"Role": role(name, trusting, boundary=boundary)}, execution).must()
    changed = stacks.update("boundary-target", {"Role": role(name, root(place), boundary=boundary)}, execution)
    deleted = stacks.delete("boundary-target", execution)
    seen = f"change of the trust policy: {changed.why}; deletion: {deleted.why}"
    if changed.ok and deleted.ok:
        return passed("accepted", seen)
    return refused([changed, deleted], seen, ["iam:UpdateAssumeRolePolicy", "iam:DeleteRole"])


def database_statements(work: Work, functions: bool) -> list[Json]:
    """The execution role's statements for databases, with or without user-defined functions."""
    arn = work.first.arn
    kinds = ["database/lwfd-*", "table/lwfd-*/*"] + (["userDefinedFunction/lwfd-*/*"] if functions else [])
    return [allow([f"glue:{action}" for action in ("CreateDatabase", "DeleteDatabase", "GetDatabase", "GetDatabases",
                                                   "GetTable", "GetTables", "UpdateDatabase", "GetTags")],
                  [arn("glue", kind) for kind in ("catalog", *kinds)]),
            # The handler may look whether Lake Formation knows the location.
            allow(["lakeformation:GetDataAccess", "lakeformation:DescribeResource", "lakeformation:ListResources",
                   "lakeformation:DescribeLakeFormationIdentityCenterConfiguration"])]


def link_deletion(work: Work, target: str, functions: bool) -> State:
    """Creates a link and deletes it, with a role that may or may not act on user-defined functions."""
    place, what = work.first, "link-with" if functions else "link-without"
    execution = execution_role(work, what, database_statements(work, functions))
    lake.grant(place, execution, {"Catalog": {}}, ["CREATE_DATABASE"])
    try:
        lake.grant(place, execution, lake.database(place, target), ["DESCRIBE"])
        link = {"Name": work.name(what), "TargetDatabase": {"CatalogId": place.account, "DatabaseName": target}}
        work.stacks(place).create(what, {"Link": {"Type": "AWS::Glue::Database", "Properties": {
            "CatalogId": place.account, "DatabaseInput": link}}}, execution).must()
        return work.stacks(place).delete(what, execution)
    finally:
        # A grant on the catalogue outlives its principal.
        lake.revoke(place, execution, {"Catalog": {}}, ["CREATE_DATABASE"])


def link_database(work: Work) -> Outcome:
    """A database that links to another one, deleted without rights on user-defined functions."""
    place, stacks = work.first, work.stacks(work.first)
    lake.become_admin(place, work.run)
    target = work.name("link-target")
    stacks.create("link-target-role", {"Database": catalog.database(place, target)}).must()
    without, beside = (link_deletion(work, target, functions) for functions in (False, True))
    seen = f"deletion without userDefinedFunction ARNs: {without.why}; with them: {beside.why}"
    if without.ok:
        return passed("accepted", seen, beside.ok)
    return refused(without, seen, ["glue:DeleteDatabase"], beside.ok)


PROBES = [
    Probe("group-inside", "h:2",
          "Can a security group with rules inside be created when rules may be added only to tagged groups?",
          "accepted. Foreseen otherwise: refused (CloudFormation adds the rules before the group has its tags)",
          "aws-cdk #13204, #13256; cloudformation-coverage-roadmap #714", "rules as resources of their own",
          security_group, "a VPC, two security groups, a role", 4, aws_only=NO_POLICIES),
    Probe("boundary-condition", "h:7",
          "Does IAM send iam:PermissionsBoundary when a trust policy changes and when a role is deleted?",
          "accepted. Foreseen otherwise: refused (requests of these two have no such key)",
          "service authorization reference of IAM; alphagov/gsp PR #990; code-dot-org PR #65584",
          "drop the condition for these calls; the roles' names limit them already", boundary_condition,
          "two roles, a managed policy", 3, aws_only=NO_POLICIES),
    Probe("link-database", "h:4",
          "Can a link database be deleted without rights on user-defined functions?",
          "accepted. Foreseen otherwise: refused (DeleteDatabase is authorized on these as well)",
          "service authorization reference of Glue; apache/iceberg", "add userDefinedFunction ARNs to the policy",
          link_database, "three Glue databases, two roles", 4, aws_only=NO_POLICIES, lake=True),
]
