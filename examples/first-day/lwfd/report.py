"""The report: JSON Lines for programs on stdout, everything for people on stderr."""

import json
import sys
import textwrap
from typing import Any

from lwfd.probe import RESULTS, Probe

# From public sources, not looked up in AWS's price list.
PRICES = """Public list prices of us-east-1, put together on 2026-11-29, without free tier; check AWS's pages:
  KMS key 1.00 USD a month, charged by the hour; nothing while its deletion is pending
  Glue job and crawler 0.44 USD per DPU-hour; a job at least 1 minute, a crawl at least 10 minutes (2 DPU assumed)
  Athena 5.00 USD per TB, at least 10 MB for each query
  stacks, roles, policies, rules, event buses, change sets, security groups, VPCs, domains without apps: nothing
  a few S3, KMS, SSM and EFS requests: below 0.01 USD in all"""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def line(value: dict[str, Any]) -> None:
    """One JSON document on a line of its own, also when two lanes report at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def listing(probes: list[Probe]) -> str:
    width = max(len(probe.name) for probe in probes)
    return "\n".join(f"{probe.name:{width}}  {probe.finding:16} {probe.asks}" for probe in probes)


def plan(probes: list[Probe], excluded: list[Probe]) -> str:
    """What a run makes, changes and costs."""
    lines = ["This run creates, and deletes again (everything is named lwfd-... or tagged lakewright:first-day):", ""]
    for probe in probes:
        note = "; ".join(filter(None, [
            "by hand only" if probe.manual else f"{probe.minutes:g} min",
            f"{probe.cost:.2f} USD" if probe.cost >= 0.005 else "", "second account" if probe.second else ""]))
        lines.append(f"  {probe.name} ({note}): {probe.makes}")
        if probe.touches:
            lines.append(f"      changes for a while: {probe.touches}")
    # Two lanes run side by side; the clean-up at the end takes a few minutes.
    minutes = 3 + max(sum(probe.minutes for probe in probes if probe.lake == lake) for lake in (True, False))
    cost = sum(probe.cost for probe in probes)
    lines += ["", "Lake Formation probes add the caller to the data lake administrators and take it out at the end.",
              "Crawls and jobs write to the shared log groups /aws-glue/..., which stay.",
              "", f"About {minutes:.0f} minutes and {cost:.2f} USD.", PRICES]
    if excluded:
        lines.append(f"Not in this run (--include-expensive): {', '.join(probe.name for probe in excluded)}")
    return "\n".join(lines)


def table(reports: list[dict[str, Any]]) -> str:
    """The results for people, what matters first."""
    if not reports:
        return "nothing was tried"
    order = {"fail": 0, "surprise": 1, "pass": 2, "skipped": 3}
    width = max(len(report["probe"]) for report in reports)
    lines = [f"{'result':9} {'probe':{width}} {'finding':16} seen", "-" * 100]
    for report in sorted(reports, key=lambda report: order[report["result"]]):
        head = f"{report['result']:9} {report['probe']:{width}} {report['finding']:16} "
        body = textwrap.wrap(f"{report['outcome']}: {report['seen']}", max(40, 120 - len(head))) or [""]
        lines.append(head + body[0])
        lines += [" " * len(head) + part for part in body[1:]]
    counts = {result: sum(report["result"] == result for report in reports) for result in RESULTS}
    return "\n".join([*lines, "", ", ".join(f"{count} {result}" for result, count in counts.items())])
