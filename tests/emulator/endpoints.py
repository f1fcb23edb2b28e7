"""The endpoints under ``/_test/``, and the services that ministack lacks: both on the emulator's one port."""

import json
import re
import uuid
from typing import Any, Callable
from urllib.parse import parse_qs

import behaviours
import calls
import codecommit
import early_validation
import lakeformation
import lakeformation_api
import mails
import services
from generic import RESOURCES
from ministack.core.responses import now_iso, set_request_account_id, set_request_region
from ministack.services import cloudformation, iam
from policies import ROLE_ARN

Json = dict[str, Any]

ASSUMED: list[Json] = []
FAULTS: list[Json] = []
# Requests that are refused before they reach a service.
REFUSED: list[Json] = []
# Objects that somebody else overwrites right after they are read.
OVERTAKEN: list[Json] = []
# CloudFormation operations after which the caller's token is expired.
EXPIRED: list[Json] = []
# Templates that somebody else changes right after they are read.
EDITED: list[Json] = []
# Roles that nobody can assume any more.
CLOSED: list[str] = []
# Roles whose trust policies allow no session tags.
UNTAGGED: list[str] = []
# The stores that a reset empties.
STORES: list[Any] = [RESOURCES, ASSUMED, FAULTS, REFUSED, OVERTAKEN, EXPIRED, EDITED, CLOSED, UNTAGGED, early_validation.NEXT,
                     early_validation.ROLLBACKS, calls.CALLS,
                     lakeformation.LAKES, services.APPS, services.RESOURCE_POLICIES]
# By the service's name in the request's signature: a function that answers to path, X-Amz-Target
# and body.
SERVICES: dict[str, Callable[[str, str, bytes], tuple[int, Json, Json]]] = {
    "codecommit": codecommit.answer, "lakeformation": lakeformation_api.answer, "sagemaker": services.answer_sagemaker}
SIGNATURE = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/")


def resources(_body: Json) -> list[Json]:
    return [{"account": record["account"], "region": record["region"], "type": key[2], "id": key[3],
             "properties": record["properties"]} for key, record in RESOURCES.items()]


def fail(body: Json) -> list[Json]:
    if body:
        FAULTS.append({"type": "", "contains": "", "times": 1, "message": "Injected failure", **body})
    return FAULTS


def refuse(body: Json) -> list[Json]:
    if body:
        REFUSED.append({"method": "PUT", "contains": "", "times": 1, **body})
    return REFUSED


def overtake(body: Json) -> list[Json]:
    OVERTAKEN.append(body)
    return OVERTAKEN


def expire(body: Json) -> list[Json]:
    """Expires the caller's token for CloudFormation after an operation; without one, the token is valid again."""
    EXPIRED[:] = [{"after": body["after"], "is_on": False}] if body else []
    return EXPIRED


def close(body: Json) -> list[str]:
    CLOSED.append(body["arn"])
    return CLOSED


def untag(body: Json) -> list[str]:
    UNTAGGED.append(body["arn"])
    return UNTAGGED


def interfere(body: Json) -> list[Json]:
    early_validation.NEXT.append(body)
    return early_validation.NEXT


def set_status(body: Json) -> Json:
    """Sets a stack's status, as if somebody else were changing the stack."""
    set_request_account_id(body["account"])
    set_request_region(body["region"])
    stack = cloudformation._stacks.get(body["name"])
    if not stack:
        raise KeyError(f"no stack {body['name']}")
    stack["StackStatus"] = body["status"]
    return {"status": body["status"]}


def edit(body: Json) -> list[Json]:
    """Changes a text in a stack's template, as if somebody had changed the stack; `after_read`: right after the template is read next."""
    if body.get("after_read"):
        EDITED.append(body)
    else:
        _edit(body)
    return EDITED


def _edit(one: Json) -> None:
    set_request_account_id(one["account"])
    set_request_region(one["region"])
    stack = cloudformation._stacks.get(one["name"])
    if not stack or one["from"] not in stack["_template_body"]:
        raise KeyError(f"no stack {one['name']} with this text")
    stack["_template_body"] = stack["_template_body"].replace(one["from"], one["to"])


def is_refused(method: str, path: str) -> bool:
    """Whether a test wants this request refused. Each refusal counts."""
    for one in REFUSED:
        if one["times"] > 0 and one["method"] == method and one["contains"] in path:
            one["times"] -= 1
            return True
    return False


def switch(body: Json) -> Json:
    behaviours.switch(body)
    return behaviours.listing()


def make_role(body: Json) -> Json:
    """Creates a role that a test needs in an account."""
    found = ROLE_ARN.fullmatch(body["arn"])
    if not found:
        raise KeyError(f"not the ARN of a role: {body['arn']}")
    path, name = ("/" + found[2]).rsplit("/", 1)
    iam._roles.set_scoped(found[1], None, name, {
        "RoleName": name, "Arn": body["arn"], "RoleId": f"AROA{uuid.uuid4().hex[:17].upper()}", "Path": path + "/",
        "CreateDate": now_iso(), "AssumeRolePolicyDocument": body.get("trust", "{}"), "Description": "",
        "MaxSessionDuration": 3600, "AttachedPolicies": [], "InlinePolicies": {}, "Tags": [], "_made": 0.0})
    return {"arn": body["arn"]}


# Each function takes the request's JSON, which is empty for GET. A KeyError means that the request
# is wrong.
ENDPOINTS: dict[str, Callable[[Json], Any]] = {
    "ready": lambda _body: True,
    "requests": lambda _body: ASSUMED,
    "rollbacks": lambda _body: early_validation.ROLLBACKS,
    "resources": resources,
    "fail": fail,
    "refuse": refuse,
    "overtake": overtake,
    "close": close,
    "untag": untag,
    "expire": expire,
    "change-sets": interfere,
    "stacks": set_status,
    "templates": edit,
    "behaviours": switch,
    "roles": make_role,
    "apps": services.add_app,
    "mails": mails.confirm,
    "calls": lambda _body: calls.CALLS,
    "may-read": lambda body: lakeformation.may_read(
        *(body[name] for name in ("account", "region", "principal", "database", "table")), body.get("column")),
}


async def _body(receive: Callable) -> bytes:
    body, message = b"", {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _send(send: Callable, status: int, headers: Json, result: Any) -> None:
    headers = {"content-type": "application/json", **headers}
    await send({"type": "http.response.start", "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})
    await send({"type": "http.response.body", "body": json.dumps(result, default=str).encode()})


async def _deny(send: Callable, body: bytes = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>") -> None:
    """S3's response for access denied, or another error if one is given."""
    await send({"type": "http.response.start", "status": 403,
                "headers": [(b"content-type", b"application/xml"), (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


# "Common errors" in the CloudFormation API reference.
TOKEN = (b"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>"
         b"<Message>The security token included in the request is expired</Message></Error></ErrorResponse>")


def is_expired(body: bytes) -> bool:
    """Whether the caller's token is expired for a request to CloudFormation."""
    is_over = EXPIRED[0]["is_on"]
    EXPIRED[0]["is_on"] = is_over or EXPIRED[0]["after"] in parse_qs(body.decode())["Action"]
    return is_over


def again(body: bytes) -> Callable:
    """Returns the body of a request that was read before."""

    async def receive() -> Json:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _write_after(app: Callable, scope: Json, text: str) -> None:
    """Overwrites the object that was just read, as if by somebody else."""

    async def ignore(_message: Json) -> None:
        pass

    await app({**scope, "method": "PUT", "query_string": b""}, again(text.encode()), ignore)


def wrap(app: Callable) -> Callable:
    async def wrapped(scope: Json, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        path = scope["path"]
        if path == "/_test/reset":
            for store in STORES:
                store.clear()
            behaviours.reset()
            return await app({**scope, "path": "/_ministack/reset"}, receive, send)
        if path.startswith("/_test/"):
            endpoint = ENDPOINTS.get(path.removeprefix("/_test/"))
            if endpoint is None:
                return await _send(send, 404, {}, None)
            try:
                return await _send(send, 200, {}, endpoint(json.loads(await _body(receive) or b"{}")))
            except KeyError as error:
                return await _send(send, 400, {}, {"error": str(error.args[0])})
        if REFUSED and is_refused(scope["method"], path):
            await _body(receive)
            return await _deny(send)
        read: dict[str, list[str]] = {}
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if signed := SIGNATURE.search(headers.get("authorization", "")):
            access_key, region, service = signed.groups()
            calls.set_caller(access_key)
            if service in SERVICES:
                set_request_account_id(access_key)
                set_request_region(region)
                answer = SERVICES[service](path, headers.get("x-amz-target", ""), await _body(receive))
                return await _send(send, *answer)
            if EXPIRED and service == "cloudformation":
                body = await _body(receive)
                if is_expired(body):
                    return await _deny(send, TOKEN)
                receive = again(body)
            if EDITED and service == "cloudformation":
                body = await _body(receive)
                read, receive = parse_qs(body.decode()), again(body)
        await app(scope, receive, send)
        for one in [one for one in EDITED if read.get("Action") == ["GetTemplate"] and read["StackName"] == [one["name"]]]:
            EDITED.remove(one)
            _edit(one)
        for one in [one for one in OVERTAKEN if scope["method"] == "GET" and one["contains"] in path]:
            OVERTAKEN.remove(one)
            await _write_after(app, scope, one["text"])

    return wrapped
