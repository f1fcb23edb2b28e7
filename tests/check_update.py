"""Checks in a repository how its `update_pipeline.py` arranges the pipeline.

Usage: check_update.py INPUT, where INPUT is a JSON object with the variables of the build and the stages of the
pipeline, both in the template's form. Prints `as wanted`; any other result fails an assertion.
"""

import copy
import json
import os
import sys

sys.path.insert(0, os.getcwd())
given = json.loads(sys.argv[1])
os.environ.update({one["Name"]: one["Value"] for one in given["variables"] if isinstance(one["Value"], str)})

import stages as known  # noqa: E402
import update_pipeline as update  # noqa: E402


def declaration(stage: dict) -> dict:
    """A stage as `GetPipeline` returns it: with the template's names, but starting in lower case."""
    action = stage["Actions"][0]
    configuration = {
        name: value if isinstance(value, str) else name_of(stage["Name"]) for name, value in action["Configuration"].items()
    }
    kind = {name.lower(): value for name, value in action["ActionTypeId"].items()}
    inputs = [{"name": one["Name"]} for one in action.get("InputArtifacts", [])]
    outputs = [{"name": one["Name"]} for one in action.get("OutputArtifacts", [])]
    made = {"name": action["Name"], "actionTypeId": kind, "runOrder": 1, "configuration": configuration}
    return {"name": stage["Name"], "actions": [{**made, "inputArtifacts": inputs, "outputArtifacts": outputs}]}


def name_of(stage: str) -> str:
    """The name of the project that a stage's action refers to."""
    projects = {f"Deploy-{one['stage']}": one["project"] for one in known.of_mesh()}
    return projects.get(stage, "referred to")


def names(wanted: dict, pipeline: dict) -> list[str]:
    """The names of the stages after the one in which the pipeline updates itself."""
    arranged = update.arranged(copy.deepcopy(pipeline), wanted, known.of_mesh())
    return [stage["name"] for stage in arranged["stages"]][2:]


def fails(wanted: dict, text: str) -> None:
    """Checks that the update fails with a message before it changes anything."""
    try:
        update.arranged(copy.deepcopy(whole), wanted, known.of_mesh())
    except SystemExit as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"expected: {text}")


whole = {"name": "p", "stages": [declaration(stage) for stage in given["stages"]]}
after = ["Deploy-dev", "Approve-test", "Deploy-test", "Approve-prod", "Deploy-prod"]

# The repository has dev and prod, the mesh also has test. It is inserted after the stage that it follows
# in the mesh.
assert list(known.settings()["environments"]) == ["cicd", "dev", "prod"]
assert list(known.stages()) == ["dev", "test", "prod"]
assert names(known.stages(), whole) == after
assert update.arranged(whole, known.stages(), known.of_mesh()) == whole, "nothing to change"

# A pipeline without the stage gets it, in the form of the template.
short = {**whole, "stages": [one for one in whole["stages"] if not one["name"].endswith("-test")]}
grown = update.arranged(short, known.stages(), known.of_mesh())["stages"]
assert [one["name"] for one in grown][2:] == after
made = {one["name"]: one for one in grown}
for stage in whole["stages"]:
    assert made[stage["name"]]["name"] == stage["name"]
    for mine, theirs in zip(made[stage["name"]]["actions"], stage["actions"], strict=True):
        shown = {**theirs["configuration"], "CustomData": mine["configuration"].get("CustomData")}
        assert {**mine, "configuration": None} == {**theirs, "configuration": None}, (mine, theirs)
        assert {"CustomData": None, **mine["configuration"]} == shown, (mine, theirs)

# Settings in ddk.json take precedence: approvals, order, tests.
wanted = known.stages()
wanted["prod"]["manual_approvals"] = False
assert names(wanted, whole) == ["Deploy-dev", "Approve-test", "Deploy-test", "Deploy-prod"]
back = update.arranged(update.arranged(whole, wanted, known.of_mesh()), known.stages(), known.of_mesh())
assert [one["name"] for one in back["stages"]][2:] == after, "an approval comes back"
turned = {name: known.stages()[name] for name in ("dev", "prod", "test")}
assert names(turned, whole) == ["Deploy-dev", "Approve-prod", "Deploy-prod", "Approve-test", "Deploy-test"]
fails({**known.stages(), "dev": {"manual_approvals": True}}, "nobody may approve it")
fails({**known.stages(), "dev": {"manual_approvals": "no"}}, "true or false")
fails({**known.stages(), "other": {}}, "not in the mesh")
assert [os.path.basename(path) for path in known.tests({"tests": ["tests", "more_tests"]})] == ["tests", "more_tests"]
for path in ("../outside", "/etc/passwd", "missing"):
    try:
        known.tests({"tests": [path]})
    except SystemExit as error:
        assert path in str(error), error
    else:
        raise AssertionError(path)
for wrong in (None, "tests", {"tests": []}, [1]):
    try:
        known.tests({"tests": wrong})
    except SystemExit as error:
        assert "list of files" in str(error), error
    else:
        raise AssertionError(wrong)

# Settings that ddk.json does not have come from the mesh.
written = known.settings()
known.settings = lambda: {**written, "environments": {**written["environments"], "prod": None}}
assert known.stages()["prod"]["account"] == "222222222222"
print("as wanted")
