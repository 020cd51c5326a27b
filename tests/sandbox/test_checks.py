"""How an attempt is judged, and how the result reads."""

import io

import pytest
from botocore.exceptions import ClientError

from sandbox.checks import UnexpectedAnswerError, attempt, table
from sandbox.progress import Progress


def answering(code: str) -> ClientError:
    """Return a service's error."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (answering("AccessDenied"), "refused"),
        (answering("NoSuchBucket"), "failed"),
        (answering("ExpiredToken"), "failed"),
        (UnexpectedAnswerError("read something else"), "failed"),
    ],
)
def test_only_a_denial_is_a_refusal(error: Exception, seen: str) -> None:
    """A bucket that is not there, or a dead session, must not pass for a refusal."""

    def call() -> str:
        raise error

    check = attempt(who="a role", did="put a", expected="refused", call=call)

    assert check.seen == seen
    assert check.right == (seen == "refused")


def test_a_success_where_a_refusal_was_due_is_wrong() -> None:
    """The line that matters most."""
    check = attempt(who="a role", did="put a", expected="refused", call=lambda: "etag 1")

    assert (check.seen, check.right, check.answer) == ("allowed", False, "etag 1")


def test_the_table_marks_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line says what was expected and what was seen; long answers are folded."""
    monkeypatch.setenv("COLUMNS", "80")
    right = attempt(who="a role", did="put a", expected="allowed", call=lambda: "word " * 20)
    wrong = attempt(who="a role", did="put b", expected="refused", call=lambda: "etag 1")

    lines = table([right, wrong]).splitlines()

    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [lines[1], "ok", "WRONG"]
    assert max(map(len, lines)) <= 80


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
