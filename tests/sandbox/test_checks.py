"""How an attempt is rated, and how the result reads."""

import io
import os
import re
import sys

import pytest
from botocore.exceptions import ClientError

from crossrole.printing import console_on
from sandbox.checks import UnexpectedAnswerError, attempt, print_checks
from sandbox.progress import Progress
from tests.terminal import at_terminal


def answering(code: str) -> ClientError:
    """Return a service's error."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (answering("AccessDenied"), "denied"),
        (answering("NoSuchBucket"), "failed"),
        (answering("ExpiredToken"), "failed"),
        (UnexpectedAnswerError("read something else"), "failed"),
    ],
)
def test_only_access_denied_is_a_denial(error: Exception, seen: str) -> None:
    """A bucket that is not there, or a dead session, must not pass for a denial."""

    def call() -> str:
        raise error

    check = attempt(who="a role", did="put a", expected="denied", call=call)

    assert check.seen == seen
    assert check.right == (seen == "denied")


def test_a_success_where_a_denial_was_due_is_wrong() -> None:
    """The line that matters most."""
    check = attempt(who="a role", did="put a", expected="denied", call=lambda: "etag 1")

    assert (check.seen, check.right, check.answer) == ("allowed", False, "etag 1")


SESSION = "arn:aws:sts::111111111111:assumed-role/SandboxBystander/walk-through"
ROLE = "arn:aws:iam::222222222222:role/DevAccountAccessS3Role"
DENIED = f"AccessDenied: User: {SESSION} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"


def printed(columns: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the table of two checks as a file gets it."""
    monkeypatch.setenv("COLUMNS", columns)

    def deny() -> str:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": DENIED.removeprefix("AccessDenied: ")}}, "put")

    right = attempt(who="another role in dev", did="assume it", expected="denied", call=deny)
    wrong = attempt(who="a role", did="put b", expected="denied", call=lambda: "etag 1")
    stream = io.StringIO()
    print_checks(console_on(stream, os.environ), [right, wrong])
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_the_table_marks_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check says what was expected and what was seen, above the service's answer; a pipe gets no colour."""
    lines = printed("300", monkeypatch)

    assert [
        "       expected  seen     who: did what",
        "    the service's answer",
        "ok     denied    denied   another role in dev: assume it",
        f"    {DENIED}",
        "WRONG  denied    allowed  a role: put b",
        "    etag 1",
    ] == lines


@pytest.mark.parametrize("columns", [60, 80])
def test_the_table_is_as_wide_as_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an ARN alone on its line is wider."""
    lines = printed(str(columns), monkeypatch)

    assert {SESSION, ROLE} <= {word for line in lines for word in line.split()}
    assert [] == [line for line in lines if len(line) > columns and not line.strip().startswith("arn:")]


def test_progress_is_a_line_and_a_time_for_each_step() -> None:
    """Without a terminal there are no control characters, and a step that fails says so."""
    stream = io.StringIO()
    progress = Progress(stream)
    with progress.step("one"):
        pass
    with pytest.raises(ValueError, match="no"), progress.step("two"):
        raise ValueError("no")

    assert stream.getvalue() == "one … 0.0 s\ntwo … failed after 0.0 s\n"
    assert [step.title for step in progress.steps] == ["one", "two"]


AT_TERMINAL = """
import sys, time
from sandbox.progress import Progress
from tests.terminal import at_terminal
progress = Progress(sys.stdout)
with progress.step(sys.argv[1]):
    time.sleep(0.3)
with progress.step("two"):
    raise SystemExit
"""


@pytest.mark.parametrize("changes", [{}, {"NO_COLOR": "1"}], ids=str)
def test_progress_moves_at_a_terminal(changes: dict[str, str]) -> None:
    """A step that runs is printed; what stays is its line, folded between words, red where it went wrong."""
    title = "start three empty accounts, whose numbers would not fit into one line"
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", **changes}
    command = [sys.executable, "-c", AT_TERMINAL, title]
    seen = at_terminal(command, environment, typed={}, shows_output=True, columns=60)
    stayed = seen.terminal.replace("\r\n", "\n").split("\x1b[2K")

    assert "0:00:00" in seen.terminal
    assert "start three empty accounts, whose numbers would not fit into\none line … " in stayed[-4]
    assert re.fullmatch(r"two … (\x1b\[31m)?stopped after(\x1b\[0m)? 0\.[0-9] s\n", stayed[-1])
    assert ("\x1b[31m" in stayed[-1]) == (not changes)
