"""Runs the updater's state machine in the emulator, and its builds as programs of this machine.

Usage: updater.py ENDPOINT ACCOUNT REGION FOLDER < INPUT

INPUT is JSON: ``definition`` of the state machine, ``build_spec`` of the CodeBuild project, and ``places``, the list of accounts
and regions. FOLDER has the content of ``updater.zip``.

The emulator starts no builds, so the task that starts one becomes an activity. Workers take its tasks and run the commands of the
build specification, each in a folder of its own. They report the result as CodeBuild's integration does: a build that fails is
``States.TaskFailed``. The emulator's state machines read no objects either, so the list is given by a state.

Prints JSON: the ``status`` and ``error`` of the run; its ``builds`` in the order of their ends, each with ``place``, ``exit`` and
``output``; and for each ``map`` run the number of its items.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path as File
from typing import Any

import boto3
import yaml
from botocore.config import Config

Json = dict[str, Any]

WORKERS = 4
# A run of three places takes seconds. The emulator forgets no task, so nothing else ends a run that hangs.
SECONDS = 300

endpoint, account, region, folder = sys.argv[1:5]
given = json.load(sys.stdin)
builds: list[Json] = []


def client() -> Any:
    # GetActivityTask waits 60 seconds for a task.
    return boto3.client(
        "stepfunctions", endpoint_url=endpoint, region_name=region, aws_access_key_id=account,
        aws_secret_access_key="any", config=Config(read_timeout=90, retries={"total_max_attempts": 1}))


def prepared(activity: str) -> Json:
    """The definition, with the two tasks that the emulator cannot run in another form."""
    definition = given["definition"]
    states = definition["States"]
    places = states["Places"]
    assert places["Resource"].endswith("aws-sdk:s3:getObject"), places
    result = {key: value for key, value in places["ResultSelector"].items() if not key.endswith(".$")}
    states["Places"] = {"Type": "Pass", "Result": {**result, "places": given["places"]}, "Next": places["Next"]}
    refresh = states["Environments"]["ItemProcessor"]["States"]["Refresh"]
    assert refresh["Resource"].endswith("codebuild:startBuild.sync"), refresh
    refresh["Resource"] = activity
    return definition


def build(variables: dict[str, str]) -> tuple[int, str]:
    """Runs the commands as CodeBuild does: until one fails, then those that always run."""
    phase = yaml.safe_load(given["build_spec"])["phases"]["build"]
    environment = {**os.environ, **variables}
    code, output = 0, ""
    with tempfile.TemporaryDirectory() as source:
        for entry in File(folder).iterdir():
            (File(source) / entry.name).symlink_to(entry.resolve())
        for command, is_last in [*((one, False) for one in phase["commands"]), *((one, True) for one in phase["finally"])]:
            if code and not is_last:
                continue
            done = subprocess.run(["sh", "-c", command], cwd=source, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            output += f"$ {command}\n{done.stdout}"
            code = code or done.returncode
    return code, output


def work(activity: str) -> None:
    states = client()
    while True:
        task = states.get_activity_task(activityArn=activity)
        if not task.get("taskToken"):
            continue
        overrides = json.loads(task["input"])["EnvironmentVariablesOverride"]
        variables = {one["Name"]: one["Value"] for one in overrides}
        code, output = build(variables)
        place = f"{variables['ACCOUNT']}/{variables['REGION']}"
        builds.append({"place": place, "exit": code, "output": output})
        if code == 0:
            states.send_task_success(taskToken=task["taskToken"], output=json.dumps({"Build": {"Logs": output[:4_000]}}))
        else:
            states.send_task_failure(taskToken=task["taskToken"], error="States.TaskFailed", cause=output[-4_000:])


def main() -> None:
    states = client()
    name = f"updater-{time.time_ns()}"
    activity = states.create_activity(name=name)["activityArn"]
    definition = json.dumps(prepared(activity))
    role = f"arn:aws:iam::{account}:role/any"
    machine = states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    for _ in range(WORKERS):
        threading.Thread(target=work, args=(activity,), daemon=True).start()
    run = states.start_execution(stateMachineArn=machine)["executionArn"]
    end = time.monotonic() + SECONDS
    while (seen := states.describe_execution(executionArn=run))["status"] == "RUNNING" and time.monotonic() < end:
        time.sleep(0.2)
    maps = [states.describe_map_run(mapRunArn=one["mapRunArn"]) for one in states.list_map_runs(executionArn=run)["mapRuns"]]
    maps.sort(key=lambda one: one["startDate"])
    json.dump({"status": seen["status"], "error": seen.get("error", ""), "builds": builds,
               "maps": [one["itemCounts"]["total"] for one in maps]}, sys.stdout)
    sys.stdout.flush()
    # The workers still wait for tasks.
    os._exit(0)


main()
