"""Prints as JSON what CloudFormation's events tell about the stacks of accounts: by address, the status and the operations.

Usage: operations.py ENDPOINT REGION ACCOUNT...

An operation is an event of the stack itself by which a creation, an update or a deletion begins. It has `begun`, the status,
and `token`, the client request token.
"""

import json
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

BEGUN = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}


def ask(endpoint: str, region: str, account: str, action: str, parameters: dict[str, str]) -> list[ElementTree.Element]:
    """All members that an operation lists, page by page."""
    members, token = [], None
    while True:
        form = {"Action": action, "Version": "2010-05-15", **parameters, **({"NextToken": token} if token else {})}
        credential = f"{account}/20260101/{region}/cloudformation/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"}
        request = urllib.request.Request(endpoint, urllib.parse.urlencode(form).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            tree = ElementTree.fromstring(answer.read())
        for element in tree.iter():
            element.tag = element.tag.rsplit("}", 1)[-1]
        result = next(element for element in tree if element.tag == f"{action}Result")
        members += next(iter(result), ElementTree.Element("none")).findall("member")
        token = result.findtext("NextToken")
        if not token:
            return members


def operations(endpoint: str, region: str, account: str) -> dict[str, dict]:
    found = {}
    for stack in ask(endpoint, region, account, "DescribeStacks", {}):
        name, arn = stack.findtext("StackName"), stack.findtext("StackId")
        events = ask(endpoint, region, account, "DescribeStackEvents", {"StackName": arn})
        own = [event for event in events if event.findtext("PhysicalResourceId") == arn]
        found[f"{account}/{region}/{name}"] = {
            "status": stack.findtext("StackStatus"),
            "operations": [{"begun": event.findtext("ResourceStatus"), "token": event.findtext("ClientRequestToken")}
                           for event in reversed(own) if event.findtext("ResourceStatus") in BEGUN],
        }
    return found


if __name__ == "__main__":
    endpoint, region, *accounts = sys.argv[1:]
    json.dump({address: stack for account in accounts
               for address, stack in operations(endpoint, region, account).items()}, sys.stdout)
