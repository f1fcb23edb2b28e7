"""Deletes everything that the script created, in the order in which it can go."""

import itertools
import json
import re
from typing import Any, Callable

from botocore.exceptions import BotoCoreError, ClientError

from lwfd import lake, leftovers
from lwfd.place import PREFIX, TAG, Place, Unclear
from lwfd.roles import EXTRA, trust, widen
from lwfd.stacks import Stacks

Say = Callable[[str], None]
CALLS_FAIL = (BotoCoreError, ClientError)


def ours(place: Place, prefix: str) -> list[dict[str, Any]]:
    """Stacks with our prefix and our tag, newest first."""
    pages = place.client("cloudformation").get_paginator("describe_stacks").paginate()
    found = [stack for page in pages for stack in page["Stacks"]
             if leftovers.ours(stack["StackName"], prefix) and stack["StackStatus"] != "DELETE_COMPLETE"
             and any(tag["Key"] == TAG for tag in stack.get("Tags", []))]
    return sorted(found, key=lambda stack: str(stack.get("CreationTime", "")), reverse=True)


def is_foundation(stack: dict[str, Any]) -> bool:
    """Stacks with roles and networks, which others need until they are gone."""
    return stack["StackName"].endswith("-role")


def ensure_role(place: Place, arn: str) -> None:
    """A stack remembers its role and cannot be deleted without: make one anew if it is gone."""
    iam, name = place.client("iam"), arn.rsplit("/", 1)[-1]
    try:
        iam.get_role(RoleName=name)
    except iam.exceptions.NoSuchEntityException:
        if name.startswith(PREFIX):
            trusting = json.dumps(trust({"Service": "cloudformation.amazonaws.com"}))
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting, Tags=[{"Key": TAG, "Value": "clean-up"}])
            widen(place, arn)


def clear_resources(place: Place, stacks: Stacks, name: str) -> None:
    """Take out of buckets and roles what would keep their stack from going."""
    iam, s3 = place.client("iam"), place.client("s3")
    for one in stacks.resources(name):
        known = one.get("PhysicalResourceId") or ""
        if not known.startswith(PREFIX):
            continue
        try:
            if one["ResourceType"] == "AWS::S3::Bucket":
                leftovers.empty_bucket(place, known)
            if one["ResourceType"] == "AWS::IAM::Role":
                iam.delete_role_policy(RoleName=known, PolicyName=EXTRA)
        except (s3.exceptions.NoSuchBucket, iam.exceptions.NoSuchEntityException):
            pass


def remove_stack(place: Place, stack: dict[str, Any]) -> str | None:
    """Delete one stack, with more and more force; the answer is why it stays."""
    stacks, name, role = Stacks(place, ""), stack["StackName"], stack.get("RoleARN")
    try:
        if stack["StackStatus"].startswith("UPDATE_") and stack["StackStatus"].endswith("_IN_PROGRESS"):
            stacks.wait(name)
        if role:
            ensure_role(place, role)
        clear_resources(place, stacks, name)
        state = stacks.delete_named(name)
        if not state.ok and role:
            widen(place, role)
            state = stacks.delete_named(name)
        if not state.ok:
            state = stacks.delete_named(name, force=state.status == "DELETE_FAILED")
        return None if state.ok else state.why
    except (*CALLS_FAIL, Unclear) as error:
        return str(error)


def remove_stacks(place: Place, found: list[dict[str, Any]]) -> list[str]:
    """Delete stacks one by one; those that differ by a number only, side by side."""
    stays = []
    batches = itertools.groupby(found, lambda stack: re.sub(r"-\d+$", "", stack["StackName"]))
    for batch in (list(stacks) for _, stacks in batches):
        if len(batch) > 1:
            for stack in batch:
                place.client("cloudformation").delete_stack(StackName=stack["StackName"])
        for stack in batch:
            if why := remove_stack(place, stack):
                stays.append(f"stack {stack['StackName']} in {place.account}/{place.region}: {why}")
    return stays


def after_probe(places: list[Place], prefix: str) -> list[str]:
    """Delete the stacks of one probe in all places."""
    stays = []
    for place in places:
        found = ours(place, prefix)
        stays += remove_stacks(place, [stack for stack in found if not is_foundation(stack)])
        stays += leftovers.clear(place, prefix, (leftovers.opt_ins,))
        if any("network" in stack["StackName"] for stack in found):
            stays += leftovers.clear(place, prefix, leftovers.IN_NETWORKS)
        stays += remove_stacks(place, [stack for stack in found if is_foundation(stack)])
    return stays


def remove_all(place: Place, prefix: str) -> list[str]:
    """Delete stacks, what they left, and then again what something else held up."""
    after_probe([place], prefix)
    leftovers.clear(place, prefix, leftovers.REST)
    # A stack that could not go may have got its role back for this.
    return remove_stacks(place, ours(place, prefix)) + leftovers.clear(place, prefix, leftovers.REST)


def everything(places: list[Place], prefix: str, say: Say) -> list[str]:
    """Delete all that has the prefix, and put back the settings of Lake Formation. The answer names what stays."""
    stays = []
    for place in places:
        say(f"cleaning up {place.account}/{place.region}")
        for step in (lake.drop_roles, lambda place: remove_all(place, prefix), lake.restore):
            try:
                stays += step(place) or []
            except (*CALLS_FAIL, Unclear) as error:
                if not place.emulated:
                    stays.append(f"{place.account}/{place.region}: {error}")
    return stays
