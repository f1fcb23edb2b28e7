#!/usr/bin/env python3
"""Runs first_day.py against the emulator, with each behaviour as AWS is believed to have it and the other way round.

Usage: target/python/bin/python examples/first-day/test_first_day.py
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from pathlib import Path
from typing import Any, Callable

import boto3

sys.dont_write_bytecode = True

from lwfd.probe import refused  # noqa: E402
from lwfd.probes import PROBES, crawls  # noqa: E402
from lwfd.stacks import State  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ACCOUNTS = {"first": "111111111111", "second": "222222222222"}
REGION = "eu-west-1"
NO_EMULATION = {"hybrid-filter", "default-database", "two-crawls", "key-creation", "group-inside",
                "boundary-condition", "link-database"}
# What each probe reports with the emulator's defaults.
DEFAULTS = {
    "grant-narrow": ("pass", "exact"), "grant-move": ("fail", "refused"), "grant-pair": ("fail", "refused"),
    "grant-overlap": ("fail", "refused"), "foreign-grant": ("pass", "clean"),
    "empty-database-list": ("fail", "open"), "empty-account-lists": ("fail", "ignored"),
    "key-stack-label": ("fail", "refused"), "key-template-label": ("fail", "refused"),
    "key-two-statements": ("pass", "accepted"), "bus-order": ("fail", "checked"), "bus-who": ("pass", "role"),
    "no-to-new-stack": ("fail", "refused"), "early-validation": ("fail", "events-only"),
    "new-role": ("fail", "refused"), "domain-twice": ("fail", "refused"), "connection-source": ("skipped", "manual"),
    **{name: ("skipped", "emulator") for name in NO_EMULATION},
}
# One behaviour switched the other way, and what the probes about it report then.
SWITCHED: list[tuple[dict[str, bool], dict[str, tuple[str, str]]]] = [
    ({"lf-replaces-create-first": True}, {"grant-narrow": ("fail", "refused")}),
    ({"lf-grant-exists": False, "lf-pair-exists": False}, {
        "grant-move": ("fail", "lost"), "grant-overlap": ("fail", "lost"), "grant-pair": ("pass", "added-up")}),
    ({"lf-grant-exists": False, "lf-pair-exists": False, "lf-replaces-create-first": True}, {
        "grant-narrow": ("fail", "lost")}),
    ({"lf-empty-lists-ignored": False}, {"empty-database-list": ("pass", "closed"),
                                         "empty-account-lists": ("pass", "emptied")}),
    ({"lf-defaults-on": False}, {"empty-database-list": ("surprise", "unclear"),
                                 "empty-account-lists": ("surprise", "unclear")}),
    # New roles count at once here, only to save time.
    ({"tags-as-differences": False, "roles-late": False}, {
        "key-stack-label": ("pass", "accepted"), "key-template-label": ("pass", "accepted"),
        "key-two-statements": ("pass", "accepted"), "domain-twice": ("pass", "accepted")}),
    ({"events-targets-checked": False}, {"bus-order": ("pass", "unchecked"), "bus-who": ("pass", "unchecked")}),
    ({"role-named": False}, {"no-to-new-stack": ("pass", "allowed")}),
    ({"early-validation": False}, {"early-validation": ("pass", "late")}),
    ({"roles-late": False}, {"new-role": ("pass", "at-once")}),
]


class Emulator:
    """The project's emulator on a free port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.log = (folder / "emulator.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "tests/emulator/server.py", "--port", self.url.rsplit(":", 1)[1],
             "--schemas", "template/data/schemas"], cwd=ROOT, stdout=self.log, stderr=self.log)
        for _ in range(300):
            try:
                return self.post("/_test/ready") and None
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the emulator did not start")

    def post(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(self.url + path, json.dumps(body or {}).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def reset(self, switches: dict[str, bool] | None = None) -> None:
        self.post("/_test/reset")
        if switches:
            self.post("/_test/behaviours", switches)

    def client(self, account: str, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=ACCOUNTS[account],
                            aws_secret_access_key="any")

    def remains(self) -> list[str]:
        """What the script created and did not delete, in both accounts."""
        found = []
        for account in ACCOUNTS:
            stacks = self.client(account, "cloudformation").describe_stacks()["Stacks"]
            found += [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]
            found += [role["RoleName"] for role in self.client(account, "iam").list_roles()["Roles"]]
            found += [bucket["Name"] for bucket in self.client(account, "s3").list_buckets()["Buckets"]]
            found += [one["Name"] for one in self.client(account, "glue").get_databases()["DatabaseList"]]
            found += [one["Name"] for one in self.client(account, "ssm").describe_parameters()["Parameters"]]
            kms = self.client(account, "kms")
            keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
            found += [key["Arn"] for key in keys if key["KeyState"] != "PendingDeletion"]
            found += [vpc["VpcId"] for vpc in self.client(account, "ec2").describe_vpcs()["Vpcs"]
                      if not vpc.get("IsDefault")]
        return [one for one in found if "lwfd" in one or one.startswith(("vpc-", "arn:"))]


class Script:
    """first_day.py as somebody runs it, with profiles for both accounts."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        keys = folder / "credentials"
        keys.write_text("".join(f"[{name}]\naws_access_key_id = {account}\naws_secret_access_key = any\n"
                                for name, account in ACCOUNTS.items()))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = inherited | {"AWS_SHARED_CREDENTIALS_FILE": str(keys), "AWS_CONFIG_FILE": str(folder / "no"),
                                        "AWS_EC2_METADATA_DISABLED": "true"}

    def start(self, *options: str, second: bool = True) -> subprocess.Popen:
        profiles = ["--profile", "first"] + (["--second-profile", "second"] if second else [])
        return subprocess.Popen(
            [sys.executable, str(HERE / "first_day.py"), *profiles, "--region", REGION, "--endpoint-url", self.url,
             *options], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def run(self, *options: str, second: bool = True) -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, the lines of the report, and what people read."""
        process = self.start(*options, second=second)
        out, err = process.communicate(timeout=110)
        return process.returncode, [json.loads(line) for line in out.splitlines()], err


def results(reports: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {one["probe"]: (one["result"], one["outcome"]) for one in reports}


def same(found: Any, wanted: Any, what: str) -> None:
    assert found == wanted, f"{what}: got {found}, expected {wanted}"


def only(names: Any) -> list[str]:
    return [word for name in names for word in ("--only", name)]


def test_every_probe_with_the_defaults(emulator: Emulator, script: Script) -> None:
    emulator.reset()
    code, reports, err = script.run("--yes", "--include-expensive")
    same(results(reports), DEFAULTS, "results")
    same(code, 1, "exit code")
    for one in reports:
        for key in ("finding", "asks", "expected", "seen", "source", "remedy", "account", "region", "at"):
            assert one[key], f"{one['probe']} says nothing as {key}"
    assert "8 skipped" in err and "12 fail" in err, err[-300:]
    held = {one["probe"]: one["remedy_holds"] for one in reports if one["remedy_holds"] is not None}
    same(held, dict.fromkeys(["empty-database-list", "bus-order", "no-to-new-stack", "early-validation", "new-role",
                              "domain-twice"], True), "remedies")
    same(emulator.remains(), [], "left behind")


def switched(switches: dict[str, bool], wanted: dict[str, tuple[str, str]]) -> Callable[[Emulator, Script], None]:
    def test(emulator: Emulator, script: Script) -> None:
        emulator.reset(switches)
        code, reports, _ = script.run("--yes", *only(wanted))
        same(results(reports), wanted, "results")
        same(code, int(any(result != "pass" for result, _ in wanted.values())), "exit code")
        same(emulator.remains(), [], "left behind")
        assert all(wanted[name] != DEFAULTS[name] for name in wanted if name != "key-two-statements")
    return test


def test_probes_without_emulation_run_through(emulator: Emulator, script: Script) -> None:
    emulator.reset({"roles-late": False})
    wanted = {name: "pass" for name in NO_EMULATION} | dict.fromkeys(
        ["hybrid-filter", "default-database", "two-crawls"], "surprise")
    _, reports, _ = script.run("--yes", "--rehearse", "--creations", "3", *only(sorted(wanted)))
    same({name: result for name, (result, _) in results(reports).items()}, wanted, "results")
    assert all(one["rehearsal"] for one in reports)
    same(emulator.remains(), [], "left behind")


def test_one_account_skips_what_needs_two(emulator: Emulator, script: Script) -> None:
    emulator.reset()
    names = ["foreign-grant", "bus-order", "bus-who"]
    code, reports, _ = script.run("--yes", *only(names), second=False)
    same(results(reports), dict.fromkeys(names, ("skipped", "one-account")), "results")
    same(code, 0, "exit code")


def test_an_interruption_leaves_nothing(emulator: Emulator, script: Script) -> None:
    for sent in (signal.SIGINT, signal.SIGTERM):
        emulator.reset()
        process = script.start("--yes", "--include-expensive")
        process.stdout.readline()
        time.sleep(0.5)
        assert emulator.remains(), "nothing was there when the script was interrupted"
        process.send_signal(sent)
        process.communicate(timeout=60)
        same(process.returncode, 130, "exit code")
        same(emulator.remains(), [], "left behind")


def test_clean_up_after_a_kill_and_only_what_is_ours(emulator: Emulator, script: Script) -> None:
    emulator.reset()
    others = {"Resources": {"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {
        "Name": "theirs", "Type": "String", "Value": "x"}}}}
    api, iam = emulator.client("first", "cloudformation"), emulator.client("first", "iam")
    # A name alone does not make a stack or a role ours, nor does a tag alone.
    api.create_stack(StackName="lwfd-theirs", TemplateBody=json.dumps(others))
    trusting = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="lwfd-theirs-role", AssumeRolePolicyDocument=trusting)
    iam.create_policy(PolicyName="lwfd-theirs-policy", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}))
    emulator.client("first", "s3").create_bucket(
        Bucket="lwfd-theirs-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=trusting,
                    Tags=[{"Key": "lakewright:first-day", "Value": "x"}])
    lake = emulator.client("first", "lakeformation")
    before = lake.get_data_lake_settings()["DataLakeSettings"]
    process = script.start("--yes", "--include-expensive")
    process.stdout.readline()
    time.sleep(0.5)
    process.kill()
    process.communicate(timeout=20)
    assert len(emulator.remains()) > 2
    code, reports, err = script.run("--clean-up", "--yes")
    same((code, reports), (0, []), f"clean-up {err}")
    same(sorted(emulator.remains()), ["lwfd-theirs", "lwfd-theirs-bucket", "lwfd-theirs-role"], "left")
    iam.get_role(RoleName="theirs")
    iam.get_policy(PolicyArn=f"arn:aws:iam::{ACCOUNTS['first']}:policy/lwfd-theirs-policy")
    same(lake.get_data_lake_settings()["DataLakeSettings"], before, "settings")


def test_what_stays_is_said(emulator: Emulator, script: Script) -> None:
    emulator.reset()
    iam = emulator.client("first", "iam")
    trusting = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="lwfd-000000-stuck", AssumeRolePolicyDocument=trusting,
                    Tags=[{"Key": "lakewright:first-day", "Value": "000000"}])
    iam.create_instance_profile(InstanceProfileName="stuck")
    iam.add_role_to_instance_profile(InstanceProfileName="stuck", RoleName="lwfd-000000-stuck")
    code, reports, err = script.run("--clean-up", "--yes")
    same(code, 3, "exit code")
    assert len(reports) == 1 and "lwfd-000000-stuck" in reports[0]["not_removed"][0] and "lwfd-000000-stuck" in err, err


def test_nothing_happens_without_consent(emulator: Emulator, script: Script) -> None:
    emulator.reset()
    code, reports, err = script.run()
    same((code, reports), (2, []), "without a terminal")
    assert "pass --yes" in err and "USD" in err and ACCOUNTS["second"] in err
    same(script.run("--clean-up")[0], 2, "clean-up without a terminal")
    same(emulator.remains(), [], "created")


def test_plan_and_list_call_nothing(_: Emulator, script: Script) -> None:
    for option in ("--plan", "--list"):
        command = [sys.executable, str(HERE / "first_day.py"), option]
        done = subprocess.run(command, env=script.environment, capture_output=True, text=True, timeout=30)
        same((done.returncode, done.stderr), (0, ""), option)
        for name in DEFAULTS:
            assert name in done.stdout, f"{option} does not name {name}"


def test_an_endpoint_of_the_environment_is_ignored(emulator: Emulator, script: Script) -> None:
    code = ("import boto3; from lwfd.place import Place; "
            f"print(Place(boto3.Session(), '{REGION}').client('sts').meta.endpoint_url)")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"):
        environment = script.environment | {name: emulator.url}
        done = subprocess.run([sys.executable, "-B", "-c", code], env=environment, cwd=HERE, capture_output=True,
                              text=True, timeout=30)
        same(done.stdout.strip(), f"https://sts.{REGION}.amazonaws.com", name)


def test_only_the_refusal_in_question_is_a_fail(_: Emulator, __: Script) -> None:
    def outcome(reason: str) -> str:
        return refused(State("lwfd-x", "ROLLBACK_COMPLETE", (reason,)), "seen", ["kms:TagResource"]).result

    same(outcome("User X is not authorized to perform: kms:TagResource on resource: Y"), "fail", "the action")
    same(outcome("User X is not authorized to perform: kms:CreateKey on resource: Y"), "surprise", "another action")
    same(outcome("kms:TagResource was throttled"), "surprise", "another failure")
    same(crawls.judged("closed", "SUCCEEDED", "").result, "pass", "a job without rights on default")
    same(crawls.judged("closed", "FAILED", "Insufficient Lake Formation permission(s): Required Describe on default")
         .code, "refused", "a job that lacks rights on default")
    same(crawls.judged("open", "FAILED", "Access Denied: s3").result, "surprise", "a job that lacks another right")


def test_probes_that_share_a_prefix_run_in_one_lane(_: Emulator, __: Script) -> None:
    same(sorted(probe.name for probe in PROBES), sorted(DEFAULTS), "probes")
    for one in PROBES:
        # A probe's clean-up takes all stacks with its prefix, so those must not be of the other lane.
        assert all(one.lake == other.lake for other in PROBES if one.prefix == other.prefix), one.name


def test_one_account_given_twice_is_refused(_: Emulator, script: Script) -> None:
    command = ["--second-profile", "first", "--yes", *only(["new-role"])]
    same(script.run(*command, second=False)[0], 2, "exit code for one account given twice")


def tests() -> list[tuple[str, Callable[[Emulator, Script], None]]]:
    named = [(name.removeprefix("test_"), test) for name, test in globals().items() if name.startswith("test_")]
    return named + [(f"switched {switches}", switched(switches, wanted)) for switches, wanted in SWITCHED]


def main() -> int:
    counts = {True: 0, False: 0}
    with tempfile.TemporaryDirectory() as name:
        emulator = Emulator(Path(name))
        try:
            script = Script(Path(name), emulator.url)
            for label, test in tests():
                began = time.monotonic()
                try:
                    test(emulator, script)
                    good = True
                except Exception:
                    traceback.print_exc()
                    good = False
                counts[good] += 1
                print(f"{'ok    ' if good else 'FAILED'} {label} ({time.monotonic() - began:.1f} s)", flush=True)
        finally:
            emulator.process.terminate()
            emulator.process.wait(timeout=20)
            emulator.log.close()
    print(f"{counts[True]} passed, {counts[False]} failed")
    return int(counts[False] > 0)


if __name__ == "__main__":
    sys.exit(main())
