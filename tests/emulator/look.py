"""Prints as JSON what the emulator's services report about an account.

Usage: look.py ENDPOINT ACCOUNT REGION
"""

import json
import sys

import boto3

endpoint, account, region = sys.argv[1:4]


def client(service: str):
    """A client for the account: the emulator uses the access key id as the account."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="any",
    )


iam, kms, s3, glue = client("iam"), client("kms"), client("s3"), client("glue")
cloudformation, ssm = client("cloudformation"), client("ssm")
roles = {}
for page in iam.get_paginator("list_roles").paginate():
    for role in page["Roles"]:
        attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
        roles[role["RoleName"]] = {
            "trust": role["AssumeRolePolicyDocument"],
            "policies": sorted(policy["PolicyName"] for policy in attached),
        }
aliases = {
    alias["AliasName"]: kms.get_key_rotation_status(KeyId=alias["TargetKeyId"])["KeyRotationEnabled"]
    for alias in kms.list_aliases()["Aliases"]
    if alias.get("TargetKeyId")
}


def policy(bucket: str):
    """The bucket's policy; nothing for a bucket that was retained when its stack was deleted."""
    try:
        return json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except s3.exceptions.ClientError:
        return None


buckets = {}
for bucket in s3.list_buckets()["Buckets"]:
    name = bucket["Name"]
    buckets[name] = {
        "policy": policy(name),
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status"),
        "public": s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
        "objects": [o["Key"] for o in s3.list_objects_v2(Bucket=name).get("Contents", [])],
    }
stacks = {}
for page in cloudformation.get_paginator("describe_stacks").paginate():
    for stack in page["Stacks"]:
        stacks[stack["StackName"]] = {
            "status": stack["StackStatus"],
            "tags": {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])},
        }
databases = [database["Name"] for database in glue.get_databases()["DatabaseList"]]
parameters = [one["Name"] for one in ssm.describe_parameters()["Parameters"]]
json.dump(
    {
        "roles": roles,
        "keys": aliases,
        "buckets": buckets,
        "stacks": stacks,
        "databases": databases,
        "parameters": parameters,
    },
    sys.stdout,
)
