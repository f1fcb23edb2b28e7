"""What a probe is, what it works with, and what it reports."""

from dataclasses import dataclass, field
from typing import Any, Callable

from lwfd.place import PREFIX, Place
from lwfd.stacks import Stacks, State

RESULTS = ("pass", "fail", "surprise", "skipped")


@dataclass(frozen=True)
class Outcome:
    """How AWS behaved: the result, a short code for programs, and a sentence for people."""

    result: str
    code: str
    seen: str
    # Whether the remedy that the finding proposes works; None: not tried.
    remedy_holds: bool | None = None


def passed(code: str, seen: str, remedy_holds: bool | None = None) -> Outcome:
    return Outcome("pass", code, seen, remedy_holds)


def failed(code: str, seen: str, remedy_holds: bool | None = None) -> Outcome:
    return Outcome("fail", code, seen, remedy_holds)


def surprise(code: str, seen: str, remedy_holds: bool | None = None) -> Outcome:
    return Outcome("surprise", code, seen, remedy_holds)


def refused(states: State | list[State], seen: str, actions: list[str], remedy_holds: bool | None = None) -> Outcome:
    """A refusal of one of these actions is the foreseen failure; any other failure is a surprise."""
    for state in [states] if isinstance(states, State) else states:
        if state.denied and state.says(*actions):
            return failed("refused", seen, remedy_holds)
    return surprise("other", seen, remedy_holds)


def skipped(code: str, seen: str) -> Outcome:
    return Outcome("skipped", code, seen)


@dataclass
class Work:
    """What probes share: the accounts, the run's id, and roles that several probes use."""

    run: str
    first: Place
    second: Place | None = None
    creations: int = 20
    say: Callable[[str], None] = lambda text: None
    readers: dict[str, str] = field(default_factory=dict)

    def name(self, what: str) -> str:
        return f"{PREFIX}{self.run}-{what}"

    def stacks(self, place: Place) -> Stacks:
        return Stacks(place, self.run)


@dataclass(frozen=True)
class Probe:
    """One question to AWS."""

    name: str
    # Ids of the findings, as in docs/aws-behaviour.md.
    finding: str
    asks: str
    expected: str
    source: str
    remedy: str
    run: Callable[[Work], Outcome]
    makes: str
    minutes: float
    # US dollars for one run.
    cost: float = 0.0
    second: bool = False
    expensive: bool = False
    # What it changes besides its own resources.
    touches: str = ""
    # Why an emulator cannot show the behaviour; empty: it can.
    aws_only: str = ""
    # Whether it uses the account's Lake Formation settings; such probes run one after the other.
    lake: bool = False
    # What to do by hand, for a question that the script does not answer.
    manual: str = ""

    @property
    def prefix(self) -> str:
        """How the names of its stacks begin, which related probes share."""
        return self.name.split("-")[0] + "-"

    def report(self, outcome: Outcome, place: Place | None, seconds: float, at: str) -> dict[str, Any]:
        """The line of the report."""
        return {
            "probe": self.name, "result": outcome.result, "outcome": outcome.code, "finding": self.finding,
            "asks": self.asks, "expected": self.expected, "seen": outcome.seen, "source": self.source,
            "remedy": self.remedy, "remedy_holds": outcome.remedy_holds,
            "account": place.account if place else None, "region": place.region if place else None,
            "seconds": round(seconds, 1), "at": at,
        }
