"""Synthesis by Lakewright, by the AWS CDK and by troposphere, alternating, and the floor: writing Lakewright's bytes again.

Lakewright reads a mesh and decides who may do what. The others get the finished resources of one dataset and make the
stacks of N datasets from them.

Arguments: the program, the lab's folder, the folder of the Node.js modules, the numbers of datasets.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
# With 10,000 datasets, one run of the slowest tool takes minutes.
RUNS = {1: 5, 100: 5, 10_000: 1}
HEADER = "| datasets | tool | stacks | MB written | wall | CPU | memory | CPU, times Lakewright's |"


def mesh(folder: pathlib.Path, datasets: int) -> None:
    """Writes a mesh: an environment and ten teams for each hundred datasets."""
    environments = max(1, datasets // 100)
    tenant = {
        "kind": "Tenant",
        "id": "bench",
        "central_account": "111111111111",
        "home_region": "eu-west-1",
        "pivot_role": {
            "external_id": "bench-0123456789",
            "trusted_roles": ["arn:aws:iam::111111111111:role/platform"],
        },
    }
    documents = [tenant, {"kind": "Organization", "id": "all", "team": "Admins"}]
    for number in range(environments):
        teams = [{"team": f"Team{team}", "permissions": ["create_dataset"]} for team in range(10)]
        account = str(200_000_000_000 + number)
        documents.append(
            {
                "kind": "Environment",
                "id": f"e{number}",
                "organization": "all",
                "account": account,
                "region": "eu-west-1",
                "team": "Admins",
                "teams": teams,
            }
        )
    for number in range(datasets):
        columns = [{"name": "id", "type": "bigint"}, {"name": "value", "type": "double"}]
        documents.append(
            {
                "kind": "Dataset",
                "id": f"d{number}",
                "environment": f"e{number % environments}",
                "team": f"Team{number // environments % 10}",
                "topics": ["Bench"],
                "keywords": ["bench"],
                "crawler": {"schedule": "cron(0 1 * * ? *)"},
                "tables": [{"name": "events", "columns": columns}],
            }
        )
    folder.mkdir()
    # JSON is YAML.
    for first in range(0, len(documents), 100):
        texts = [json.dumps(document) for document in documents[first : first + 100]]
        (folder / f"part{first}.yaml").write_text("\n---\n".join(texts))


def measured(command: list[str]) -> tuple[float, float, float]:
    """Runs a command. Returns its wall time and CPU time in seconds, and its memory in MiB."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} exited with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def copied(files: dict[pathlib.Path, bytes], folder: pathlib.Path) -> tuple[float, float, float]:
    """Writes files that are in memory already. Returns wall time and CPU time in seconds, and no memory."""
    started, before = time.monotonic(), os.times()
    for path, content in files.items():
        path = folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    after = os.times()
    return time.monotonic() - started, after.user + after.system - before.user - before.system, 0.0


def templates(folder: pathlib.Path) -> list[pathlib.Path]:
    """The templates that a tool wrote: in a folder of their own, with the CDK's ending, or all files."""
    found = list((folder / "templates").rglob("*.json")) or list(folder.glob("*.template.json"))
    return found or list(folder.glob("*.json"))


def by_turns(folder: pathlib.Path, tools: dict[str, list[str]], runs: int) -> dict[str, tuple]:
    """Runs the tools alternating. Returns stacks, megabytes, and the medians of wall time, CPU time and memory."""
    results = {name: [] for name in [*tools, "writing Lakewright's bytes"]}
    sizes = {}
    for _ in range(runs):
        bytes_of_ours = {}
        for name, command in tools.items():
            out = folder / "out"
            results[name].append(measured([*command, str(out)]))
            written = [path for path in out.rglob("*") if path.is_file()]
            sizes[name] = (len(templates(out)), sum(path.stat().st_size for path in written) / 1e6)
            if name == "Lakewright":
                bytes_of_ours = {path.relative_to(out): path.read_bytes() for path in written}
            shutil.rmtree(out)
        results["writing Lakewright's bytes"].append(copied(bytes_of_ours, folder / "out"))
        sizes["writing Lakewright's bytes"] = sizes["Lakewright"]
        shutil.rmtree(folder / "out")
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
    return {name: (*sizes[name], *medians[name]) for name in results}


def report(label: str, rows: dict[str, tuple]) -> None:
    ours = rows["Lakewright"][3]
    for name, (stacks, megabytes, wall, cpu, memory) in rows.items():
        memory = f"{memory:.0f} MiB" if memory else ""
        cells = [label, name, str(stacks), f"{megabytes:.1f}", f"{wall:.2f} s", f"{cpu:.2f} s", memory, f"{cpu / ours:.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def main(program: str, lab: str, modules: str, numbers: list[int]) -> None:
    # A file system in memory if there is one, so that other work of the disk does not disturb the measurement.
    memory = pathlib.Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        folder = pathlib.Path(name)
        synth = [program, "synth", "--quiet"]
        mesh(folder / "one", 1)
        subprocess.run([*synth, str(folder / "one"), "--out", str(folder / "first")], check=True)
        [template] = (folder / "first" / "templates").rglob("*dataset-d0.json")
        print(HEADER, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |", sep="\n", flush=True)
        report("the lab", by_turns(folder, {"Lakewright": [*synth, lab, "--out"]}, 5))
        for number in numbers:
            described = folder / f"mesh{number}"
            mesh(described, number)
            # The CDK keeps all stacks until they are written.
            node = ["node", "--max-old-space-size=16000", str(HERE / "cdk.mjs"), modules]
            tools = {
                "Lakewright": [*synth, str(described), "--out"],
                "AWS CDK": [*node, str(template), str(number)],
                "troposphere": [sys.executable, str(HERE / "troposphere_stacks.py"), str(template), str(number)],
            }
            report(f"{number:,}", by_turns(folder, tools, RUNS.get(number, 3)))


main(sys.argv[1], sys.argv[2], sys.argv[3], [int(one) for one in sys.argv[4:]] or [1, 100, 10_000])
