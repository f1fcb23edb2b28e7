#!/usr/bin/env bash
# Compares the policies of `examples/governance`, with some that have no effect, with Cedar's symbolic compiler and the solver cvc5.
#
#   bash tests/cedar/symbolic/run.sh [LAKEWRIGHT]
#
# Needs Python 3.11 with venv and the ordinary registries. It is not part of the tests, because it builds the symbolic compiler
# and asks the solver about a thousand questions.
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=tests/cedar/symbolic
lakewright=$(realpath "${1:-target/debug/lakewright}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet cvc5==1.4.2
mkdir "$work/mesh"
cp examples/governance/*.yaml $here/dead.yaml "$work/mesh"
"$lakewright" synth "$work/mesh" --out "$work/out" --quiet
"$lakewright" policies "$work/mesh" --format json > "$work/uses.json"
"$work/venv/bin/python" - "$work" <<'PYTHON'
import json
import pathlib
import sys

work = pathlib.Path(sys.argv[1])
schema, policies = None, []
for path in sorted((work / "out").rglob("*governance*.json")):
    for resource in json.loads(path.read_text()).get("Resources", {}).values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::VerifiedPermissions::PolicyStore":
            schema = properties["Schema"]["CedarJson"]
        if resource["Type"] == "AWS::VerifiedPermissions::Policy":
            name = properties["Name"].split("/", 2)[2]
            policies.append([name, properties["Definition"]["Static"]["Statement"]])
(work / "store.json").write_text(json.dumps({"schema": schema, "policies": policies}))
PYTHON
printf '#!/bin/sh\nexec %s %s "$@"\n' "$work/venv/bin/python" "$PWD/$here/solver.py" > "$work/cvc5"
chmod +x "$work/cvc5"
CVC5="$work/cvc5" cargo run --quiet --release --manifest-path $here/Cargo.toml -- "$work/store.json" "$work/uses.json"
