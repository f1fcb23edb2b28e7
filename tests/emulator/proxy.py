"""A proxy between a program and the emulator, which makes requests fail as networks and AWS do.

Usage: proxy.py --port PORT --to PORT

``AWS_ENDPOINT_URL`` is the proxy's address. Requests are forwarded as they are, the ``Host`` header too. Rules say which
requests fail. Requests to ``/_test/`` are forwarded and never fail.

``POST /_proxy/rules`` replaces all rules by the JSON list in the body, and begins a new log. A rule has:

- ``fault``: one of the list below
- ``action``: a regular expression for the whole name of the operation, such as ``DescribeStacks``. The name is the form's ``Action``,
  the end of ``X-Amz-Target``, or for S3 ``s3:`` and the method
- ``body``: a regular expression that is searched in the path and the body
- ``after``: so many requests of the rule pass first
- ``times``: so many requests fail at most
- ``p``, ``seed``: the share of the requests that fail; the same seed always gives the same sequence
- ``seconds``: how long a delay or a stall takes, or the ``Retry-After`` of a throttled request

Faults:

- ``throttle``: 400 ``Throttling``, for S3 503 ``SlowDown``
- ``500``: 500 ``InternalFailure``
- ``expired``: 403 ``ExpiredToken``
- ``reset-before``: the connection is reset; the emulator gets no request
- ``reset-after``: the emulator answers, then the connection is reset, so the program does not know the outcome
- ``delay``: the request is forwarded after ``seconds``
- ``stall``: the request is forwarded, and its answer comes after ``seconds``
- ``hold-before``, ``hold-after``: nothing is answered for ``seconds``, then the connection is reset; ``hold-after`` forwards the request
  first
- ``truncate``: the connection is closed in the middle of the answer

A rule with ``p`` makes the same request fail at most twice in a row, so that a program that repeats requests gets through.

``GET /_proxy/log`` lists the requests: ``number``, ``action``, ``account``, ``stack``, ``change_set``, ``token``, ``path``, ``fault`` (or
null), ``status`` (null if nothing was forwarded).
``GET /_proxy/secrets`` lists the secret keys and session tokens in the answers of ``AssumeRole``.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import socket
import struct
from typing import Any
from urllib.parse import parse_qs

Json = dict[str, Any]

SIGNATURE = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/")
SECRETS = re.compile(rb"<(?:SecretAccessKey|SessionToken)>([^<]+)<")
ROLE = re.compile(rb"<AccessKeyId>([^<]+)<.*<Arn>arn:[^:]+:sts::(\d{12}):", re.DOTALL)
# A rule with a probability makes one request fail at most so often in a row.
IN_A_ROW = 2


class Request:
    """A request as it was received, with what rules and the log need."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.head, self.body, self.fault = head, body, ""
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.path = first.split(" ")[:2]
        self.headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        signed = SIGNATURE.search(self.headers.get("authorization", ""))
        self.key, _, self.service = signed.groups() if signed else ("", "", "")
        is_form = "x-www-form-urlencoded" in self.headers.get("content-type", "")
        self.form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()} if is_form else {}
        self.action = self._action()

    def _action(self) -> str:
        if "Action" in self.form:
            return self.form["Action"]
        if target := self.headers.get("x-amz-target"):
            return target.rsplit(".", 1)[-1]
        if self.service == "s3" or not self.service:
            return f"{self.service or 'none'}:{self.method}"
        return self.path.split("?")[0].rsplit("/", 1)[-1]

    def text(self) -> str:
        return f"{self.path}\n{self.body.decode('utf-8', 'replace')}"

    def forwarded(self) -> bytes:
        """The request for the emulator, which closes the connection after its answer."""
        lines = [line for line in self.head.split(b"\r\n") if line and not line.lower().startswith((b"connection:", b"expect:"))]
        return b"\r\n".join([*lines, b"Connection: close", b"", b""]) + self.body


class Rule:
    def __init__(self, number: int, fields: Json) -> None:
        self.fault: str = fields["fault"]
        self.action = re.compile(fields.get("action", ".*"))
        self.body = re.compile(fields.get("body", ""))
        self.after, self.times = fields.get("after", 0), fields.get("times")
        self.p, self.seconds = fields.get("p"), fields.get("seconds", 1)
        self.random = random.Random(f"{fields.get('seed', 0)}/{number}")

    def hits(self, request: Request, in_a_row: int) -> bool:
        if not (self.action.fullmatch(request.action) and self.body.search(request.text())):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times == 0:
            return False
        if self.p is not None and (self.random.random() >= self.p or in_a_row >= IN_A_ROW):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Proxy:
    def __init__(self, to: int) -> None:
        self.to = to
        self.rules: list[Rule] = []
        self.log: list[Json] = []
        self.secrets: list[str] = []
        self.accounts: dict[str, str] = {}
        self.in_a_row: dict[tuple[str, str, bytes], int] = {}

    def rule(self, request: Request) -> Rule | None:
        """The first rule that makes this request fail."""
        same = (request.key, request.path, request.body)
        for rule in self.rules:
            if rule.hits(request, self.in_a_row.get(same, 0)):
                self.in_a_row[same] = self.in_a_row.get(same, 0) + 1
                return rule
        self.in_a_row.pop(same, None)
        return None

    def write(self, request: Request, rule: Rule | None) -> Json:
        form = request.form
        entry = {"number": len(self.log), "action": request.action, "account": self.accounts.get(request.key, request.key),
                 "stack": form.get("StackName"), "change_set": form.get("ChangeSetName"),
                 "token": form.get("ClientRequestToken") or form.get("ClientToken"),
                 "path": request.path.split("?")[0], "fault": rule and rule.fault, "status": None}
        self.log.append(entry)
        return entry

    async def forward(self, request: Request, entry: Json | None) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.to)
        try:
            writer.write(request.forwarded())
            await writer.drain()
            answer = await reader.read()
        finally:
            writer.close()
        if entry is not None:
            entry["status"] = int(answer.split(b" ", 2)[1])
            if request.action == "AssumeRole":
                self.secrets += [found.decode() for found in SECRETS.findall(answer)]
                if found := ROLE.search(answer):
                    self.accounts[found[1].decode()] = found[2].decode()
        return answer

    async def answer(self, request: Request) -> bytes | None:
        """The bytes of the answer; nothing if the connection is to be reset."""
        if request.path.startswith("/_proxy/"):
            return self.control(request)
        if request.path.startswith("/_test/"):
            return await self.forward(request, None)
        rule = self.rule(request)
        entry = self.write(request, rule)
        fault = request.fault = rule.fault if rule else ""
        seconds = rule.seconds if rule else 0
        if fault in REFUSALS:
            return refusal(request, fault, seconds)
        if fault in ("delay", "hold-before"):
            await asyncio.sleep(seconds)
        if fault in ("reset-before", "hold-before"):
            return None
        answer = await self.forward(request, entry)
        if fault in ("stall", "hold-after"):
            await asyncio.sleep(seconds)
        if fault in ("reset-after", "hold-after"):
            return None
        if fault == "truncate":
            head = answer.find(b"\r\n\r\n") + 4
            return answer[:head + (len(answer) - head) // 2]
        return answer

    def control(self, request: Request) -> bytes:
        match request.path:
            case "/_proxy/ready":
                return plain(200, True)
            case "/_proxy/log":
                return plain(200, self.log)
            case "/_proxy/secrets":
                return plain(200, self.secrets)
            case "/_proxy/rules":
                rules = json.loads(request.body or b"[]")
                if unknown := [rule["fault"] for rule in rules if rule["fault"] not in FAULTS]:
                    return plain(400, {"error": f"unknown faults: {unknown}"})
                self.rules = [Rule(number, fields) for number, fields in enumerate(rules)]
                self.log, self.in_a_row = [], {}
                return plain(200, len(rules))
        return plain(404, None)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await receive(reader, writer)
            if request is not None:
                # Whoever was killed waits no longer for an answer.
                gone = asyncio.ensure_future(reader.read(1))
                work = asyncio.ensure_future(self.answer(request))
                await asyncio.wait([gone, work], return_when=asyncio.FIRST_COMPLETED)
                if not work.done() and request.fault.startswith("hold"):
                    work.cancel()
                else:
                    answer = await work
                    if answer is None:
                        linger = struct.pack("ii", 1, 0)
                        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        writer.transport.abort()
                    else:
                        writer.write(answer)
                        await writer.drain()
                gone.cancel()
        writer.close()


async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    request = Request(head, b"")
    if "100-continue" in request.headers.get("expect", "").lower():
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in request.headers.get("transfer-encoding", "").lower():
        raise ConnectionError("requests with chunks are not supported")
    length = int(request.headers.get("content-length", 0))
    return Request(head, await reader.readexactly(length)) if length else request


REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error", 503: "Slow Down"}
# "Common errors" in the CloudFormation API reference, and "Error responses" in that of S3.
REFUSALS: dict[str, tuple[int, str, str]] = {
    "throttle": (400, "Throttling", "Rate exceeded"),
    "500": (500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."),
    "expired": (403, "ExpiredToken", "The security token included in the request is expired"),
}
FAULTS = {*REFUSALS, "reset-before", "reset-after", "delay", "stall", "hold-before", "hold-after", "truncate"}


def response(status: int, kind: str, body: bytes, headers: str = "") -> bytes:
    head = (f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n{headers}\r\n")
    return head.encode() + body


def plain(status: int, value: Any) -> bytes:
    return response(status, "application/json", json.dumps(value).encode())


def refusal(request: Request, fault: str, seconds: float) -> bytes:
    """An error in the form of the service's protocol."""
    status, code, message = REFUSALS[fault]
    headers = f"Retry-After: {seconds}\r\n" if fault == "throttle" else ""
    if request.service == "s3":
        status, code = (503, "SlowDown") if fault == "throttle" else (status, code.replace("InternalFailure", "InternalError"))
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return response(status, "application/xml", body.encode(), headers)
    if not request.form:
        kind = {"Throttling": "ThrottlingException", "ExpiredToken": "ExpiredTokenException"}.get(code, code)
        body = json.dumps({"__type": kind, "message": message})
        return response(status, "application/x-amz-json-1.1", body.encode(), f"x-amzn-ErrorType: {kind}\r\n{headers}")
    who = "Receiver" if status >= 500 else "Sender"
    body = f"<ErrorResponse><Error><Type>{who}</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return response(status, "text/xml", body.encode(), headers)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--to", type=int, required=True)
    arguments = parser.parse_args()
    proxy = Proxy(arguments.to)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", arguments.port, limit=1 << 20)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
