"""Checks the initial files of a pipeline's repository.

Usage: check_seed.py FOLDER EXPECTED, where EXPECTED is a JSON object with the label, the description and
the stages. Prints every error; the exit code is then 1.
"""

import ast
import json
import py_compile
import sys
from pathlib import Path

import yaml

folder, expected = Path(sys.argv[1]), json.loads(sys.argv[2])
problems = []


def literals(path: Path) -> dict:
    """The variables at the top level of a module that are set to literals."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found[node.targets[0].id] = node.value.value
    return found


for path in sorted(folder.rglob("*")):
    if path.suffix == ".py":
        py_compile.compile(str(path), cfile=f"{path}c", doraise=True)
    elif path.suffix == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".yaml":
        buildspec = yaml.safe_load(path.read_text(encoding="utf-8"))
        for phase in buildspec["phases"].values():
            if not all(isinstance(command, str) for command in phase.get("commands", [])):
                problems.append(f"{path}: a command is no text")

app = literals(folder / "app.py")
for name in ("label", "description"):
    if app.get(name.upper()) != expected[name]:
        problems.append(f"app.py: {name.upper()} is {app.get(name.upper())!r}")

# CloudFormation limits a description to 1,024 bytes ("CloudFormation quotas"). The function runs without the
# CDK.
tree = ast.parse((folder / "app.py").read_text(encoding="utf-8"))
body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "cut"]
module = {}
exec(compile(ast.Module(body=body, type_ignores=[]), "app.py", "exec"), module)  # noqa: S102 - our own file
for text in ("\u00e9" * 600, "x" + "\u9577" * 400, "x" * 2_000):
    short = module["cut"](text, 1024)
    if len(short.encode("utf-8")) > 1024 or not text.startswith(short) or len(short.encode("utf-8")) < 1021:
        problems.append(f"app.py: {text[:3]}... is cut to {len(short.encode('utf-8'))} bytes")
if "cdk.out/" not in (folder / ".gitignore").read_text(encoding="utf-8").splitlines():
    problems.append(".gitignore: what `cdk synth` writes is not ignored")

# The label stays data: it occurs in app.py and in the README as one JSON string, and nowhere else.
for path in folder.rglob("*"):
    if path.is_file() and path.suffix != ".pyc" and path.name not in ("app.py", "README.md"):
        text = path.read_text(encoding="utf-8")
        for name in ("label", "description"):
            if len(expected[name]) > 8 and expected[name] in text:
                problems.append(f"{path}: has the {name}")

document = json.loads((folder / "ddk.json").read_text(encoding="utf-8"))
environments = document["environments"]
if not document["tags"]["Target"].startswith("pipeline/"):
    problems.append(f"ddk.json: {document['tags']}")
if list(environments) != ["cicd"] + expected["stages"]:
    problems.append(f"ddk.json: {list(environments)}")
if sorted(environments["cicd"]) != ["account", "region"]:
    problems.append(f"ddk.json: cicd has {sorted(environments['cicd'])}")
for stage in expected["stages"]:
    if sorted(environments[stage]) != ["account", "region", "resources", "tags"]:
        problems.append(f"ddk.json: {stage} has {sorted(environments[stage])}")
    bucket = environments[stage]["resources"]["ddk-bucket"]
    if sorted(bucket) != ["removal_policy", "versioned"]:
        problems.append(f"ddk.json: {stage}: {bucket}")

print("\n".join(problems))
sys.exit(1 if problems else 0)
