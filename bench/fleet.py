"""What a StackSet makes of 2,000 accounts: `python bench/fleet.py`.

Nothing is deployed. Sizes are of the templates as the app makes them. Operations and times follow from what AWS
documents of StackSets' concurrency, and from how long the stack of one account takes, which AWS does not document. It
measures nothing, so that each run gives the same. With `--write` the tables become the section of docs/fleet.md;
`make bench` does this.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/concurrency-mode.html
"""

import heapq
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.append(str(CHECKOUT))

from access.environment import Environment
from access.fleet_rules import TEMPLATE_BODY_QUOTA
from access.grant import Grant
from access.policies.fleet import template_body
from access.principal import parse_principal

PAGE = CHECKOUT / "docs" / "fleet.md"
SECTION = re.compile(r"(?<=<!-- figures: make bench -->\n).*(?=<!-- end of figures -->)", re.DOTALL)
ACCOUNTS = 2_000
SECONDS = 60
"""How long the stack of one account takes: assumed, since AWS documents none."""
AT_A_TIME = 100
"""Stacks that a StackSet deploys at a time, whatever is asked for: AWS's user guide until 2023; later it names none."""


@dataclass(frozen=True)
class Operation:
    """One operation of a StackSet, with the preferences that it runs by."""

    max_concurrent_percentage: int
    failure_tolerance_percentage: int
    accounts: int = ACCOUNTS
    regions: int = 1
    """Taken one after the other, in the region order."""
    soft: bool = False
    """Whether the concurrency mode is SOFT_FAILURE_TOLERANCE."""
    fails: Callable[[int, int], bool] = lambda _region, _account: False
    """Whether the stack of a region and account fails, both by number."""
    at_a_time: int | None = AT_A_TIME

    @property
    def tolerated(self) -> int:
        """Failures in a region after which the operation goes on."""
        return self.accounts * self.failure_tolerance_percentage // 100

    @property
    def most_at_a_time(self) -> int:
        """Accounts that it works in at a time, at most: rounded down, but never to none."""
        asked = max(1, self.accounts * self.max_concurrent_percentage // 100)
        return asked if self.at_a_time is None else min(asked, self.at_a_time)

    def concurrency(self, failures: int) -> int:
        """Return in how many accounts it works after so many failures."""
        left = self.tolerated + 1 - failures
        return self.most_at_a_time if self.soft else max(0, min(self.most_at_a_time, left))


@dataclass(frozen=True)
class Outcome:
    """How an operation ended."""

    succeeded: int
    failed: int
    cancelled: int
    seconds: int

    @property
    def status(self) -> str:
        """StackSets' own word for it."""
        return "FAILED" if self.cancelled else "SUCCEEDED"


def run(operation: Operation) -> Outcome:
    """Return what becomes of an operation, account by account and region by region."""
    succeeded = failed = now = 0
    total = operation.accounts * operation.regions
    for region in range(operation.regions):
        waiting, working, failures = iter(range(operation.accounts)), list[tuple[int, int]](), 0
        stopped = False
        while True:
            while not stopped and len(working) < operation.concurrency(failures):
                account = next(waiting, None)
                if account is None:
                    break
                heapq.heappush(working, (now + SECONDS, account))
            if not working:
                break
            now, account = heapq.heappop(working)
            if operation.fails(region, account):
                failures += 1
                failed += 1
                stopped = failures > operation.tolerated
            else:
                succeeded += 1
        if stopped:
            break  # it attempts no further region
    return Outcome(succeeded, failed, total - succeeded - failed, now)


DEFAULT = Operation(10, 5)
SETTINGS: dict[str, Operation] = {
    "10 and 5, as `[fleet]` has it": DEFAULT,
    "100 and 100": Operation(100, 100),
    "10 and 0": Operation(10, 0),
    "1 and 1": Operation(1, 1),
    "10 and 5, no ceiling of 100": replace(DEFAULT, at_a_time=None),
}
TAKEN: dict[str, Operation] = {
    "40 accounts have a policy of that name": replace(DEFAULT, fails=lambda _, account: account % 50 == 0),
    "every second account has one": replace(DEFAULT, fails=lambda _, account: account % 2 == 0),
    "every second, at once and not strictly": replace(DEFAULT, soft=True, fails=lambda _, account: account % 2 == 0),
    "a second region, where every name is taken": replace(DEFAULT, regions=2, fails=lambda region, _: region == 1),
}


def grants(number: int) -> list[Grant]:
    """Return so many grants with names of a usual length."""
    unit = parse_principal("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111")
    return [
        Grant.model_construct(
            name=f"ReportsOfTheTeam{each:04}", principals=(unit,), bucket="reports", access=("write",)
        )
        for each in range(number)
    ]


def size(number: int) -> int:
    """Return the bytes of the template of so many grants."""
    prod = Environment(account="222222222222", region="eu-west-1")
    return len(template_body(grants(number), prod).encode())


def most_grants() -> int:
    """Return how many grants one StackSet's template takes."""
    return next(number for number in count(1) if size(number + 1) > TEMPLATE_BODY_QUOTA)


def figures() -> str:
    """Return the section of the page: its three tables."""
    tables = (
        table(("grants", "bytes of the template", "of the 51,200 that it may have"), sizes()),
        table(("percentages: at a time, tolerated", "accounts at a time", "time"), paces()),
        table(("what fails, with 10 and 5", "deployed", "failed", "not attempted", "ends", "after"), failures()),
    )
    return "\n" + "".join("\n".join([*each, "", ""]) for each in tables)


def sizes() -> Iterator[Sequence[str]]:
    """Yield a row for some numbers of grants."""
    for number in (1, 10, 100, most_grants()):
        yield f"{number}", f"{size(number):,}", f"{size(number) / TEMPLATE_BODY_QUOTA:.0%}"


def paces() -> Iterator[Sequence[str]]:
    """Yield a row for each setting, where nothing fails."""
    for name, operation in SETTINGS.items():
        yield name, f"{operation.concurrency(0)}", duration(run(operation).seconds)


def failures() -> Iterator[Sequence[str]]:
    """Yield a row for each case in which something fails."""
    for name, operation in TAKEN.items():
        ended = run(operation)
        counts = (f"{each:,}" for each in (ended.succeeded, ended.failed, ended.cancelled))
        yield name, *counts, f"`{ended.status}`", duration(ended.seconds)


def duration(seconds: int) -> str:
    """Return a time in hours and minutes."""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def table(headings: Sequence[str], rows: Iterator[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    return [f"| {' | '.join(cells)} |" for cells in (headings, ["---"] * len(headings), *rows)]


def main() -> None:
    """Print the section, and write it where that is asked for."""
    text = figures()
    sys.stdout.write(text.strip() + "\n")
    if "--write" in sys.argv[1:]:
        PAGE.write_text(SECTION.sub(lambda _: text, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
