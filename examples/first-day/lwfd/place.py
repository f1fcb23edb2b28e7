"""An account and a region, and the names of what the script creates there."""

import re
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.config import Config

# Every resource has this prefix in its name or this tag; the clean-up deletes nothing else.
PREFIX = "lwfd-"
TAG = "lakewright:first-day"
# With the id of a run: a name of ours, where a resource's tags cannot be read.
OURS = re.compile(rf"{PREFIX}[0-9a-f]{{6}}-")
# The tag that the conditions of Lakewright's execution roles compare.
MESH_TAG = "lakewright:mesh"


# Set when somebody interrupts the run; everything that waits ends then.
STOP = threading.Event()
CLIENTS = threading.Lock()


class Stopped(Exception):
    """The run was interrupted."""


def pause(seconds: float) -> None:
    if STOP.wait(seconds):
        raise Stopped


class Unclear(Exception):
    """The probe cannot tell how AWS behaves; the message says why."""


@dataclass
class Place:
    """An account and a region, with the credentials to call it."""

    session: boto3.Session
    region: str
    endpoint: str | None = None
    account: str = ""
    caller: str = ""
    _clients: dict[str, Any] = field(default_factory=dict)

    def connect(self) -> "Place":
        """Look up whose credentials these are."""
        identity = self.client("sts").get_caller_identity()
        self.account, self.caller = identity["Account"], identity["Arn"]
        return self

    def client(self, service: str) -> Any:
        with CLIENTS:
            return self._clients.get(service) or self._connect(service)

    def _connect(self, service: str) -> Any:
        # Without an endpoint calls go to AWS, whatever the environment or a profile has as endpoint.
        config = Config(
            ignore_configured_endpoint_urls=True, retries={"mode": "adaptive", "max_attempts": 10}, connect_timeout=20,
            read_timeout=60, s3={"addressing_style": "path"} if self.emulated else None)
        self._clients[service] = self.session.client(
            service, region_name=self.region, endpoint_url=self.endpoint, config=config)
        return self._clients[service]

    @property
    def emulated(self) -> bool:
        """Whether calls go to an endpoint that is not AWS's."""
        host = urlparse(self.endpoint or "").hostname or ""
        return bool(self.endpoint) and not host.endswith((".amazonaws.com", ".amazonaws.com.cn"))

    @property
    def partition(self) -> str:
        return self.caller.split(":")[1] if self.caller else "aws"

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """An ARN in this account, by default in this region."""
        region = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"

    def role_arn(self, name: str) -> str:
        return self.arn("iam", f"role/{name}", region="")

    def principal(self) -> str:
        """The caller as IAM and Lake Formation name it: the role, not its session."""
        if ":assumed-role/" not in self.caller:
            return self.caller
        name = self.caller.split("/")[1]
        return self.client("iam").get_role(RoleName=name)["Role"]["Arn"]

    def assume(self, role: str, session: str = "lwfd") -> "Place":
        """The same place through another role. A new role can take a minute to become assumable."""
        sts = self.client("sts")
        for attempt in range(30):
            try:
                found = sts.assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
                break
            except sts.exceptions.ClientError as error:
                if attempt == 29 or error.response["Error"]["Code"] != "AccessDenied":
                    raise
                pause(3)
        keys = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return Place(keys, self.region, self.endpoint).connect()

    def settle(self, seconds: float = 15) -> None:
        """Wait until a change of a role's policies counts everywhere. An emulator needs no such wait."""
        pause(0 if self.emulated else seconds)
