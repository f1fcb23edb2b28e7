"""Answers what a refresh without changes asks: as if all stacks of an assembly were deployed and up to date.

Usage: listing.py --port PORT --assembly FOLDER [--delay MILLISECONDS] [--page BYTES] [--moved]

Each answer comes after the delay. ``DescribeStacks`` answers page by page: "If the output exceeds 1 MB in size, a string that
identifies the next page of stacks" (``NextToken`` of ``DescribeStacks`` in the CloudFormation API reference). The stacks have
the tags and the revision of the assembly; with ``--moved``, all but bootstrap stacks have another revision, as after a change of
every stack. ``GET /_test/counts`` has the number of requests by operation.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import re
from pathlib import Path as File
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

Json = dict[str, Any]

SIGNATURE = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/")
ROLE = re.compile(r"arn:[^:]+:iam::(\d{12}):role/(.+)")
# What the deployment leaves in an account with databases.
SETTINGS = {"DataLakeSettings": {"DataLakeAdmins": [], "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": [],
                                 "Parameters": {"CROSS_ACCOUNT_VERSION": "4"}}}


def member(stack: Json) -> str:
    """One stack in the answer of DescribeStacks."""
    tags = "".join(f"<member><Key>{escape(key)}</Key><Value>{escape(value)}</Value></member>"
                   for key, value in stack["tags"].items())
    arn = f"arn:aws:cloudformation:{stack['region']}:{stack['account']}:stack/{stack['name']}/00000000-0000-4000-8000-000000000000"
    output = (f"<member><OutputKey>LakewrightRevision</OutputKey><OutputValue>{stack['revision']}</OutputValue></member>"
              if stack.get("revision") else "")
    return (f"<member><StackId>{arn}</StackId><StackName>{escape(stack['name'])}</StackName>"
            f"<CreationTime>2026-01-31T12:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>"
            f"<EnableTerminationProtection>false</EnableTerminationProtection><Tags>{tags}</Tags><Outputs>{output}</Outputs></member>")


def pages(stacks: list[Json], limit: int) -> list[str]:
    """The stacks of an account and region, in pages of at most this size."""
    found, size = [[]], 0
    for text in map(member, stacks):
        if found[-1] and size + len(text) > limit:
            found.append([])
            size = 0
        found[-1].append(text)
        size += len(text)
    return ["".join(page) for page in found]


class Listing:
    def __init__(self, assembly: Json, page: int, delay: float, moved: bool) -> None:
        self.delay = delay
        self.mesh = assembly["mesh"]
        self.counts: collections.Counter[str] = collections.Counter()
        places: dict[tuple[str, str], list[Json]] = {}
        for stack in assembly["stacks"]:
            if moved and stack["kind"] != "bootstrap":
                stack["revision"] = "0" * len(stack["revision"])
            places.setdefault((stack["account"], stack["region"]), []).append(stack)
        self.pages = {place: pages(stacks, page) for place, stacks in places.items()}
        bootstrap = next(stack for stack in assembly["stacks"] if stack["kind"] == "bootstrap")
        prefix = bootstrap["name"].split("-bootstrap-")[0]
        spots = [{"account": account, "region": region, "resource_prefix": prefix} for account, region in sorted(places)]
        self.key = f"deployments/{self.mesh}.json"
        self.record = json.dumps({"version": 1, "mesh": self.mesh, "stacks_in": spots})

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        """Status, type and body of an answer."""
        signed = SIGNATURE.search(headers.get("authorization", ""))
        if path == "/_test/counts":
            return 200, "application/json", json.dumps(self.counts)
        if not signed:
            return 200, "application/json", "true"
        # The access key of a role names its account; the caller's own is the account.
        key, region, service = signed.groups()
        account = key.removeprefix("ROLE")
        if service == "s3":
            self.counts[f"s3 {method}"] += 1
            return (200, "application/xml", "") if method == "PUT" else self.object(path)
        if service in ("cloudformation", "sts"):
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self.counts[form["Action"]] += 1
            return self.form(form, account, region)
        action = headers.get("x-amz-target", path).rsplit(".", 1)[-1].rsplit("/", 1)[-1]
        self.counts[action] += 1
        known = {"GetDataLakeSettings": SETTINGS, "ListPermissions": {"PrincipalResourcePermissions": []}}
        if action in known:
            return 200, "application/json", json.dumps(known[action])
        return 400, "application/json", json.dumps({"__type": "UnknownOperationException", "message": f"{service} {action}"})

    def object(self, path: str) -> tuple[int, str, str]:
        if path.split("?")[0].endswith(self.key):
            return 200, "application/json", self.record
        if path.split("?")[0].count("/") == 2 and path.split("?")[0].endswith("/"):
            listed = f"<Contents><Key>{self.key}</Key><ETag>&quot;1&quot;</ETag><Size>{len(self.record)}</Size></Contents>"
            listed = f"<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
            return 200, "application/xml", listed
        return 404, "application/xml", "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"

    def form(self, form: dict[str, str], account: str, region: str) -> tuple[int, str, str]:
        action = form["Action"]
        if action == "GetCallerIdentity":
            result = f"<Account>{account}</Account><Arn>arn:aws:iam::{account}:user/bench</Arn><UserId>AIDA</UserId>"
        elif action == "AssumeRole":
            of, name = ROLE.fullmatch(form["RoleArn"]).groups()
            result = (f"<Credentials><AccessKeyId>ROLE{of}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
                      f"<SessionToken>token</SessionToken><Expiration>2099-12-31T00:00:00Z</Expiration></Credentials>"
                      f"<AssumedRoleUser><Arn>arn:aws:sts::{of}:assumed-role/{name}/bench</Arn>"
                      f"<AssumedRoleId>AROA:bench</AssumedRoleId></AssumedRoleUser>")
        elif action == "DescribeStacks" and "StackName" not in form:
            all_pages = self.pages.get((account, region), [""])
            number = int(form.get("NextToken", "0"))
            rest = f"<NextToken>{number + 1}</NextToken>" if number + 1 < len(all_pages) else ""
            result = f"<Stacks>{all_pages[number]}</Stacks>{rest}"
        else:
            error = f"<Error><Type>Sender</Type><Code>ValidationError</Code><Message>not expected: {action}</Message></Error>"
            return 400, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"
        return 200, "text/xml", f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path = first.split(" ")[:2]
                headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, kind, text = self.answer(method, path, headers, body)
                if not path.startswith("/_test/"):
                    await asyncio.sleep(self.delay)
                data = text.encode()
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\nETag: \"1\"\r\n\r\n".encode()
                             + data)
                await writer.drain()
                if headers.get("connection", "").lower() == "close":
                    break
        writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--assembly", type=File, required=True)
    parser.add_argument("--delay", type=float, default=50)
    parser.add_argument("--page", type=int, default=1_000_000)
    parser.add_argument("--moved", action="store_true")
    arguments = parser.parse_args()
    assembly = json.loads((arguments.assembly / "assembly.json").read_text())
    listing = Listing(assembly, arguments.page, arguments.delay / 1000, arguments.moved)
    server = await asyncio.start_server(listing.serve, "127.0.0.1", arguments.port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
