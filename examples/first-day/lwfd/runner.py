"""Runs probes in two lanes, cleaning up after each."""

import datetime
import signal
import threading
import time
import traceback
from dataclasses import dataclass, field
from typing import Any

from lwfd import cleanup, report
from lwfd.place import STOP, Place, Stopped, Unclear
from lwfd.probe import Outcome, Probe, Work, skipped, surprise

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def reason_to_skip(probe: Probe, work: Work, rehearse: bool) -> Outcome | None:
    if probe.manual:
        return skipped("manual", probe.manual)
    if probe.second and not work.second:
        return skipped("one-account", "it needs a second account: --second-profile")
    if probe.aws_only and work.first.emulated and not rehearse:
        return skipped("emulator", probe.aws_only)
    return None


def attempt(probe: Probe, work: Work) -> Outcome:
    try:
        return probe.run(work)
    except Stopped:
        raise
    except Unclear as error:
        return surprise("unclear", str(error))
    except Exception as error:  # one probe that breaks must not keep the others from being tried
        return surprise("error", f"{type(error).__name__}: {error}")


def places(work: Work) -> list[Place]:
    return [place for place in (work.first, work.second) if place]


@dataclass
class Run:
    """One run of some probes: its reports, and how it ended."""

    work: Work
    # Whether to run probes, too, that the endpoint cannot answer.
    rehearse: bool = False
    reports: list[dict[str, Any]] = field(default_factory=list)
    # What could not be removed.
    stays: list[str] = field(default_factory=list)
    interrupted: bool = False
    # An error of the script itself.
    crash: str = ""

    def all(self, probes: list[Probe]) -> "Run":
        """Run the probes and remove what they made, also when somebody interrupts the run."""
        for number in SIGNALS:
            signal.signal(number, self.stop)
        self.lanes(probes)
        STOP.clear()
        for number in SIGNALS:
            signal.signal(number, signal.default_int_handler)
        if self.interrupted:
            report.say("interrupted; cleaning up, which takes some minutes")
        self.clean()
        return self

    def stop(self, _signal: int, _frame: object) -> None:
        """Let the lanes end at their next wait; the clean-up can begin only then."""
        self.interrupted = True
        STOP.set()

    def lanes(self, probes: list[Probe]) -> None:
        """Probes of Lake Formation change the account's settings: they run one by one, the others beside them."""
        threads = [threading.Thread(target=self.lane, args=([one for one in probes if one.lake == lake],))
                   for lake in (True, False)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)

    def lane(self, probes: list[Probe]) -> None:
        try:
            for probe in probes:
                if not STOP.is_set():
                    self.one(probe)
        except Stopped:
            pass
        except Exception:
            self.crash = traceback.format_exc()
            STOP.set()

    def one(self, probe: Probe) -> None:
        """Ask one question, report the answer, and delete what it took."""
        began, at = time.monotonic(), datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        outcome = reason_to_skip(probe, self.work, self.rehearse)
        tried = outcome is None
        if tried:
            report.say(f"{probe.name}: {probe.asks}")
            outcome = attempt(probe, self.work)
        answer = probe.report(outcome, self.work.first, time.monotonic() - began, at)
        if self.rehearse:
            answer["rehearsal"] = True
        report.line(answer)
        self.reports.append(answer)
        if tried:
            report.say(f"{probe.name}: {outcome.result}, {outcome.code}")
            self.tidy(probe)

    def tidy(self, probe: Probe) -> None:
        """Delete a probe's stacks. What stays is tried again, and reported, at the end of the run."""
        try:
            cleanup.after_probe(places(self.work), self.work.name(probe.prefix))
        except cleanup.CALLS_FAIL as error:
            report.say(f"{probe.name}: its clean-up must be tried again: {error}")

    def clean(self) -> None:
        """Remove what this run made. A second interruption ends even that."""
        try:
            self.stays = cleanup.everything(places(self.work), self.work.name(""), report.say)
        except KeyboardInterrupt:
            self.interrupted = True
            self.stays = [f"the clean-up was interrupted; {self.work.name('*')} may be left: run --clean-up"]
