#!/usr/bin/env python3
"""Asks real AWS how it behaves where Lakewright's templates depend on it.

Reports JSON Lines on stdout and a table on stderr. See README.md beside this file.
Exit code: 0 no fail and no surprise; 1 some; 2 usage or no consent; 3 something could not be removed;
130 interrupted.
"""

import argparse
import secrets
import signal
import sys
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

from lwfd import cleanup, report, runner  # noqa: E402
from lwfd.place import PREFIX, Place  # noqa: E402
from lwfd.probe import Probe, Work  # noqa: E402
from lwfd.probes import PROBES  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [probe.name for probe in PROBES]
    parser.add_argument("--profile", help="profile of the first account; default: the environment's credentials")
    parser.add_argument("--second-profile", help="profile of a second account, for probes across accounts")
    parser.add_argument("--region", help="region; default: the profile's")
    parser.add_argument("--endpoint-url", help="call this endpoint in place of AWS, for example an emulator")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help="only this probe; repeatable")
    parser.add_argument("--skip", action="append", choices=names, metavar="NAME", default=[],
                        help="not this probe; repeatable")
    parser.add_argument("--include-expensive", action="store_true", help="also probes that take 20 minutes")
    parser.add_argument("--creations", type=int, default=20, metavar="N", help="keys of key-creation; default: 20")
    parser.add_argument("--rehearse", action="store_true",
                        help="at an endpoint: also run probes that it cannot answer, to try out the script itself")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--plan", action="store_true", help="say what a run would do, and call nothing")
    doing.add_argument("--list", action="store_true", help="list the probes")
    doing.add_argument("--clean-up", action="store_true", help="only remove what earlier runs left")
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> tuple[list[Probe], list[Probe]]:
    """Probes to run, and those that only --include-expensive adds. A name given with --only counts as consent."""
    wanted = [probe for probe in PROBES if probe.name not in options.skip
              and (not options.only or probe.name in options.only)]
    left_out = [probe for probe in wanted if probe.expensive and not options.include_expensive and not options.only]
    return [probe for probe in wanted if probe not in left_out], left_out


def connect(profile: str | None, options: argparse.Namespace) -> Place:
    session = boto3.Session(profile_name=profile)
    region = options.region or session.region_name
    if not region:
        sys.exit("no region: pass --region")
    return Place(session, region, options.endpoint_url).connect()


def consent(question: str, options: argparse.Namespace) -> None:
    """End the program unless somebody agrees."""
    if options.yes:
        return
    if not sys.stdin.isatty():
        report.say("not a terminal: pass --yes to go on without confirmation")
        sys.exit(2)
    sys.stderr.write(f"{question} [yes/no] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        sys.exit(2)


def end(stays: list[str]) -> None:
    """Say what could not be removed."""
    if stays:
        report.line({"not_removed": stays})
        report.say("\nCould not be removed (try --clean-up in a few minutes, then by hand):")
        report.say("\n".join(f"  {one}" for one in stays))


def clean_up(accounts: list[Place], options: argparse.Namespace) -> int:
    where = ", ".join(f"{place.account}/{place.region}" for place in accounts)
    consent(f"Delete everything named {PREFIX}... or tagged by this script in {where}?", options)
    stays = cleanup.everything(accounts, PREFIX, report.say)
    end(stays)
    return 3 if stays else 0


def main() -> int:
    options = arguments()
    probes, left_out = chosen(options)
    if options.list:
        print(report.listing(PROBES))
        return 0
    if options.plan:
        print(report.plan(probes, left_out))
        return 0
    try:
        first = connect(options.profile, options)
        second = connect(options.second_profile, options) if options.second_profile else None
    except (BotoCoreError, ClientError) as error:
        report.say(f"no access with these credentials: {error}")
        return 2
    if second and second.account == first.account:
        report.say(f"both profiles are of account {first.account}; the second must be of another account")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    accounts = [place for place in (first, second) if place]
    if options.clean_up:
        return clean_up(accounts, options)
    report.say(report.plan(probes, left_out))
    for place in accounts:
        report.say(f"Account {place.account}, region {place.region}, as {place.caller}")
    consent("Go on?", options)
    work = Work(secrets.token_hex(3), first, second, options.creations, report.say)
    run = runner.Run(work, options.rehearse and first.emulated).all(probes)
    report.say("\n" + report.table(run.reports))
    end(run.stays)
    if run.crash:
        report.say(f"\nThe script itself failed, and not all probes were tried:\n{run.crash}")
    if run.interrupted:
        return 130
    bad = run.crash or any(one["result"] in ("fail", "surprise") for one in run.reports)
    return 3 if run.stays else int(bool(bad))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        report.say("interrupted")
        sys.exit(130)
