"""SageMaker domains, and what only a person can try."""

from typing import Any

from lwfd.place import MESH_TAG, TAG
from lwfd.probe import Outcome, Probe, Work, failed, passed, refused, skipped, surprise
from lwfd.roles import add_statements, allow, execution_role, request_tag, resource_tag, role
from lwfd.stacks import State, Template


def statements(work: Work) -> list[dict[str, Any]]:
    """The execution role's statements for domains; tags as they were before the remedy of h:5."""
    mesh, arn = work.name("mesh"), work.first.arn
    domain = arn("sagemaker", "domain/*")
    return [
        allow(["sagemaker:CreateDomain"], domain, request_tag(mesh)),
        allow(["sagemaker:AddTags"], domain, request_tag(mesh)),
        allow(["sagemaker:DeleteDomain", "sagemaker:DeleteTags", "sagemaker:DescribeDomain", "sagemaker:ListTags",
               "sagemaker:UpdateDomain"], domain, resource_tag(mesh)),
        allow(["sagemaker:DescribeDomain", "sagemaker:ListDomains", "sagemaker:ListTags", "ec2:Describe*",
               "elasticfilesystem:Describe*"]),
        allow(["elasticfilesystem:CreateFileSystem", "elasticfilesystem:CreateMountTarget",
               "elasticfilesystem:TagResource", "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission",
               "ec2:CreateTags"]),
        allow(["iam:PassRole"], work.first.role_arn(work.name("domain-studio-role"))),
        allow(["iam:CreateServiceLinkedRole"], "*",
              {"StringEquals": {"iam:AWSServiceName": "elasticfilesystem.amazonaws.com"}}),
    ]


def network(work: Work) -> Template:
    """A VPC with one subnet, and the domain's default role."""
    return {
        "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.78.0.0/16", "EnableDnsSupport": True,
                                                            "EnableDnsHostnames": True}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {
            "VpcId": {"Ref": "Network"}, "CidrBlock": "10.78.0.0/24"}},
        "Role": role(work.name("domain-studio-role"), {"Service": "sagemaker.amazonaws.com"}),
    }


def again(work: Work, execution: str, resources: Template) -> State:
    """Tries the update with the remedy: tagging is also allowed by the resource's tag."""
    mine = allow(["sagemaker:AddTags"], work.first.arn("sagemaker", "domain/*"), resource_tag(work.name("mesh")))
    add_statements(work.first, execution, [mine])
    return work.stacks(work.first).update("domain-twice", resources, execution)


def domain(work: Work, vpc: str, subnet: str, label: str) -> Template:
    tags = [{"Key": MESH_TAG, "Value": work.name("mesh")}, {"Key": "Label", "Value": label}]
    return {"Domain": {"Type": "AWS::SageMaker::Domain", "Properties": {
        "DomainName": work.name("domain"), "AuthMode": "IAM", "AppNetworkAccessType": "VpcOnly", "VpcId": vpc,
        "SubnetIds": [subnet], "Tags": tags, "DefaultUserSettings": {
            "ExecutionRole": work.first.role_arn(work.name("domain-studio-role"))}}}}


def mark_file_system(work: Work, known: str) -> None:
    """Tag the domain's file system: it outlives the stack, and the clean-up finds it by this tag."""
    if not work.first.emulated:
        found = work.first.client("sagemaker").describe_domain(DomainId=known)["HomeEfsFileSystemId"]
        work.first.client("efs").tag_resource(ResourceId=found, Tags=[{"Key": TAG, "Value": work.run}])


def twice(work: Work) -> Outcome:
    stacks = work.stacks(work.first)
    stacks.create("domain-network-role", network(work)).must()
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"]
           for one in stacks.resources(work.name("domain-network-role"))}
    execution = execution_role(work, "domain-execution", statements(work))
    stacks.create("domain-twice", domain(work, ids["Network"], ids["Subnet"], "first"), execution).must()
    before = stacks.resources(work.name("domain-twice"))[0]["PhysicalResourceId"]
    mark_file_system(work, before)
    second = domain(work, ids["Network"], ids["Subnet"], "second")
    state = stacks.update("domain-twice", second, execution)
    after = stacks.resources(work.name("domain-twice"))[0]["PhysicalResourceId"]
    seen = f"update with another tag: {state.why}; domain {before} before, {after} afterwards"
    if state.ok:
        return passed("accepted", seen) if before == after else failed("replaced", seen)
    if not state.denied:
        return surprise("other", seen)
    remedied = again(work, execution, second)
    return refused(state, f"{seen}; with the remedy: {remedied.why}", ["sagemaker:AddTags"], remedied.ok)


def by_hand(_: Work) -> Outcome:
    return skipped("manual", CONNECTION)


CONNECTION = ("by hand: create a connection in CodeConnections, authorize it in the console, deploy a mesh with a "
              "pipeline whose source names it, and look whether the stage Source uploads its artifact. It fails with "
              "Access Denied when the run role lacks s3:PutObjectAcl")

PROBES = [
    Probe("domain-twice", "2:4, 2:2b, h:5", "Does a SageMaker domain take another tag in an update?",
          "accepted: tags change in place. Foreseen otherwise: replaced, or refused (the handler sends only the "
          "changed tags)",
          "cloudformation-coverage-roadmap #1803, #2094; aws-cloudformation-resource-providers-sagemaker PR #32",
          "allow sagemaker:AddTags by the resource's tag as well; no tag that changes with each deployment", twice,
          "a SageMaker domain without apps, its file system, a VPC with a subnet, two roles", 20, cost=0.01,
          expensive=True),
    Probe("connection-source", "2:5", "Can a pipeline's run role upload what a connection delivers?",
          "the stage Source succeeds. Foreseen otherwise: Access Denied without s3:PutObjectAcl",
          "aws-cdk #13557, PR #13637, #13733", "s3:PutObjectAcl for the run role", by_hand, "nothing", 0,
          manual=CONNECTION),
]
