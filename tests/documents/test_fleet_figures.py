"""The figures of docs/fleet.md: what the simulation gives, and that it does what AWS documents."""

import pytest

from bench.fleet import PAGE, SECTION, Operation, figures, most_grants, run, size


def test_the_figures_are_current() -> None:
    """The page has what the command gives, which is the same on every machine; `make bench` fixes a failure."""
    found = SECTION.search(PAGE.read_text())

    assert found
    assert figures() == found[0]


def test_the_template_that_just_fits() -> None:
    """The page says how many grants a StackSet takes: one more is too many for the file's own check."""
    assert size(most_grants()) <= 51_200 < size(most_grants() + 1)


def fails_first(number: int) -> Operation:
    """Return an operation on 100 accounts that tolerates five failures, of which the first so many fail."""
    return Operation(10, 5, accounts=100, fails=lambda _, account: account < number)


CONCURRENCY = [
    # Rounded down, and one where nothing would be left.
    (Operation(25, 100, accounts=10), 0, 2),
    (Operation(10, 100, accounts=5), 0, 1),
    # Strict: no more than the failures that are left, and one.
    (Operation(10, 5, accounts=100), 0, 6),
    (Operation(10, 5, accounts=100), 3, 3),
    (Operation(10, 0, accounts=100), 0, 1),
    (Operation(10, 5, accounts=100, soft=True), 3, 10),
    (Operation(100, 100, accounts=2000), 0, 100),
    (Operation(100, 100, accounts=2000, at_a_time=None), 0, 2000),
]


@pytest.mark.parametrize(("operation", "failures", "expected"), CONCURRENCY)
def test_accounts_at_a_time(operation: Operation, failures: int, expected: int) -> None:
    """As AWS's reference of the operation's preferences has it."""
    assert expected == operation.concurrency(failures)


def test_an_operation_that_succeeds() -> None:
    """Every account is done, in as many rounds as it takes at that pace."""
    outcome = run(Operation(10, 100, accounts=100))

    assert (100, 0, 0, "SUCCEEDED", 10 * 60) == (
        outcome.succeeded,
        outcome.failed,
        outcome.cancelled,
        outcome.status,
        outcome.seconds,
    )


def test_tolerated_failures() -> None:
    """As many as are tolerated leave the operation going; one more stops it, and what runs then still ends."""
    tolerated, stopped = run(fails_first(5)), run(fails_first(6))

    assert (95, 5, 0, "SUCCEEDED") == (tolerated.succeeded, tolerated.failed, tolerated.cancelled, tolerated.status)
    assert (0, 6, 94, "FAILED") == (stopped.succeeded, stopped.failed, stopped.cancelled, stopped.status)


def test_regions_in_their_order() -> None:
    """One after the other; a region in which it stops is the last."""
    both = run(Operation(100, 100, accounts=10, regions=2))
    first = run(Operation(100, 0, accounts=10, regions=2, fails=lambda region, _: region == 0))
    second = run(Operation(100, 0, accounts=10, regions=2, fails=lambda region, _: region == 1))

    assert (20, 0, 120) == (both.succeeded, both.cancelled, both.seconds)
    assert (0, 1, 19) == (first.succeeded, first.failed, first.cancelled)
    assert (10, 1, 9) == (second.succeeded, second.failed, second.cancelled)
