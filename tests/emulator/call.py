"""Calls one operation of the emulator's services as a principal of an account, and prints the response as JSON.

Usage: call.py ENDPOINT ACCOUNT REGION SERVICE OPERATION PARAMETERS
"""

import json
import sys

import boto3

endpoint, account, region, service, operation, parameters = sys.argv[1:7]
client = boto3.client(
    service,
    endpoint_url=endpoint,
    region_name=region,
    aws_access_key_id=account,
    aws_secret_access_key="any",
)
answer = getattr(client, operation)(**json.loads(parameters))
json.dump(answer, sys.stdout, default=str)
