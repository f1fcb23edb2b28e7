"""Keys under an execution role whose rights depend on tags."""

from typing import Any

from lwfd.place import MESH_TAG
from lwfd.probe import Outcome, Probe, Work, failed, passed, refused, surprise
from lwfd.roles import allow, execution_role, request_tag, resource_tag
from lwfd.stacks import Template

# What the execution role may do with a key that has the mesh's tag.
BY_TAG = [f"kms:{action}" for action in (
    "CreateAlias", "DeleteAlias", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation",
    "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion",
    "UntagResource", "UpdateAlias", "UpdateKeyDescription")]


def statements(work: Work, retag: bool) -> list[dict[str, Any]]:
    """The execution role's statements for keys. `retag`: a key with the mesh's tag may get any other tag."""
    mesh, keys = work.name("mesh"), work.first.arn("kms", "key/*")
    found = [
        allow(["kms:CreateKey", "kms:ListAliases"]),
        allow(["kms:TagResource"], keys, request_tag(mesh)),
        allow(BY_TAG, keys, resource_tag(mesh)),
        allow(["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"], work.first.arn("kms", "alias/lwfd-*")),
    ]
    return found + ([allow(["kms:TagResource"], keys, resource_tag(mesh))] if retag else [])


def key(work: Work, label: str = "first") -> Template:
    """A key with rotation, as Lakewright emits it."""
    everything = {"Version": "2012-10-17", "Statement": [{
        "Sid": "Account", "Effect": "Allow", "Principal": {"AWS": work.first.arn("iam", "root", region="")},
        "Action": "kms:*", "Resource": "*"}]}
    tags = [{"Key": MESH_TAG, "Value": work.name("mesh")}, {"Key": "Label", "Value": label}]
    return {"Key": {"Type": "AWS::KMS::Key", "Properties": {
        "Description": "first-day probe of Lakewright", "EnableKeyRotation": True, "PendingWindowInDays": 7,
        "KeyPolicy": everything, "Tags": tags}}}


def alias(name: str) -> Template:
    return {"Alias": {"Type": "AWS::KMS::Alias", "Properties": {
        "AliasName": f"alias/{name}", "TargetKeyId": {"Ref": "Key"}}}}


def many(work: Work) -> Outcome:
    """Creates keys side by side, each in a stack of its own, and counts those that fail."""
    what, stacks = "key-creation", work.stacks(work.first)
    role = execution_role(work, what, statements(work, retag=True))
    names = [f"{what}-{number:02}" for number in range(work.creations)]
    for name in names:
        stacks.start(name, key(work) | alias(work.name(name)), role)
    states = [stacks.wait(work.name(name)) for name in names]
    bad = [state for state in states if not state.ok]
    if not bad:
        return passed("created", f"{len(states)} of {len(states)} keys were created")
    seen = f"{len(bad)} of {len(states)} keys failed; the first: {bad[0].why}"
    if any(state.says("will not allow you to update the key policy") for state in bad):
        return failed("lockout", seen)
    return failed("denied", seen) if any(state.denied for state in bad) else surprise("other", seen)


def relabel(work: Work, what: str, retag: bool, in_template: bool) -> Outcome:
    """Deploys a key twice; the second time one label has another value."""
    stacks = work.stacks(work.first)
    role = execution_role(work, what, statements(work, retag))
    stacks.create(what, key(work), role, {"StackLabel": "first"}).must()
    state = stacks.update(what, key(work, "second" if in_template else "first"), role,
                          {"StackLabel": "first" if in_template else "second"})
    seen = f"update with another {'template' if in_template else 'stack'} tag: {state.why}"
    if not state.ok:
        return refused(state, seen, ["kms:TagResource", "kms:UntagResource"])
    label = tags(work, what).get("Label" if in_template else "StackLabel")
    return passed("accepted" if label == "second" else "forgiven", f"{seen}; the key's label is {label}")


def tags(work: Work, what: str) -> dict[str, str]:
    """The tags that the key has now."""
    known = work.stacks(work.first).resources(work.name(what))[0]["PhysicalResourceId"]
    found = work.first.client("kms").list_resource_tags(KeyId=known)["Tags"]
    return {tag["TagKey"]: tag["TagValue"] for tag in found}


def stack_label(work: Work) -> Outcome:
    return relabel(work, "key-stack-label", retag=False, in_template=False)


def template_label(work: Work) -> Outcome:
    return relabel(work, "key-template-label", retag=False, in_template=True)


def remedied(work: Work) -> Outcome:
    return relabel(work, "key-two-statements", retag=True, in_template=True)


HANDLER = "aws-cloudformation-resource-providers-kms (UpdateHandler, TagHelper; PR #42, #54)"
TWO = "a second statement that allows kms:TagResource by the resource's tag"
MAKES = "a role, a KMS key"
# A dollar a month, charged by the hour; a key that waits for its deletion costs nothing.
KEY = 1 / 730

PROBES = [
    Probe("key-creation", "1:22, 2:18, 2:19",
          "Do rights that depend on a key's tag count within the seconds in which CloudFormation creates it?",
          "created: every key gets its rotation and its alias. Foreseen otherwise: denied (tags take up to five "
          "minutes to count) or lockout (the role's right to PutKeyPolicy does not count during CreateKey)",
          "KMS documentation (ABAC); aws-cloudformation-resource-providers-kms PR #61; innovation-sandbox-on-aws #31",
          "no tag condition on EnableKeyRotation and CreateAlias for keys of the own account, or one retry", many,
          "a role; 20 KMS keys with aliases (--creations changes the number)", 5, cost=20 * KEY,
          aws_only="the emulator does not evaluate IAM policies when a key is created"),
    Probe("key-stack-label", "2:2, h:1",
          "May the execution role change a stack tag of a key when it may tag only together with the mesh's tag?",
          "accepted, or forgiven (CloudFormation goes on without the tag). Foreseen otherwise: refused (the handler "
          "sends only the changed tags)",
          HANDLER + "; aws-cdk #21571", TWO, stack_label, MAKES, 3, cost=KEY),
    Probe("key-template-label", "2:2, h:1",
          "The same for a tag that stands in the template.",
          "accepted. Foreseen otherwise: refused (the handler sends only the changed tags)", HANDLER, TWO,
          template_label, MAKES, 3, cost=KEY),
    Probe("key-two-statements", "2:2, h:1",
          "Does the remedy work: tagging allowed with the mesh's tag in the request or on the resource?",
          "accepted", HANDLER, "this is the remedy", remedied, MAKES, 3, cost=KEY),
]
