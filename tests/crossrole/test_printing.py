"""What a person sees at a terminal, and what a pipe gets: colour, folding, and what is never touched."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from crossrole.environment import Environment
from crossrole.escaping import visible
from tests.command_line import main
from tests.synthesis import ROOT, Assembly
from tests.terminal import at_terminal

ESCAPE = "\x1b["
ROLE = "arn:aws:iam::222222222222:role/DevAccountAccessS3Role"
SESSION = "arn:aws:sts::111111111111:assumed-role/DevLambdaRole/writer"
DENIED = (
    f"An error occurred (AccessDenied) when calling the AssumeRole operation: User: {SESSION} is not authorized to "
    f"perform: sts:AssumeRole on resource: {ROLE}"
)
VIA = ["DevLambdaRole", "via", "DevAccountAccessS3Role"]
MAY = ["can", *VIA, "s3:PutObject", "arn:aws:s3:::reports-222222222222/dev/x"]
MAY_NOT = ["can", *VIA, "s3:DeleteObject", "arn:aws:s3:::reports-222222222222/dev/x"]
COMMAND = "python -m crossrole doctor DevAccountAccessS3Role --profile DEV_ADMIN --prod-profile prod"

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:]+Z")
PLAIN = {"NO_COLOR": "1"}


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with a terminal that knows colours."""
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR", "FORCE_COLOR"}}
    return kept | {"TERM": "xterm-256color", **changes}


def seen_at_terminal(words: list[str], folder: Path, *, columns: int = 80, changes: Mapping[str, str] = PLAIN) -> str:
    """Return what a terminal shows of a command."""
    command = [sys.executable, "-m", "crossrole", *words, "--template-dir", str(folder)]
    seen = at_terminal(command, environment(changes), typed={}, shows_output=True, columns=columns)
    return seen.terminal.replace("\r\n", "\n")


def piped(words: list[str], folder: Path) -> str:
    """Return what a pipe gets of a command, although its variables speak of a terminal with colours."""
    return subprocess.run(
        [sys.executable, "-m", "crossrole", *words, "--template-dir", str(folder)],
        cwd=ROOT,
        env=environment({"COLUMNS": "60", "FORCE_COLOR": "1"}),
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize(("words", "verdict"), [(MAY, "\x1b[32mallowed"), (MAY_NOT, "\x1b[31mdenied")], ids=str)
def test_a_verdict_is_coloured_at_a_terminal(words: list[str], verdict: str, default: Assembly) -> None:
    """Green for what is allowed, red for what is denied; nothing else of the line."""
    first, *_ = seen_at_terminal(words, default.directory, columns=300, changes={}).splitlines()

    assert first.startswith(f"{verdict}\x1b[0m: ")
    assert 2 == first.count(ESCAPE)


@pytest.mark.parametrize("changes", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colour_can_be_turned_off(changes: dict[str, str], default: Assembly) -> None:
    """Not one escape code is left, bold included."""
    shown = seen_at_terminal(["explain", DENIED], default.directory, changes=changes)

    assert "possible causes" in shown
    assert ESCAPE not in shown


def test_a_pipe_gets_lines_that_are_neither_coloured_nor_folded(default: Assembly) -> None:
    """Its first line is one, however long."""
    first, *_ = piped(MAY_NOT, default.directory).splitlines()

    assert (
        "denied: arn:aws:iam::111111111111:role/DevLambdaRole via DevAccountAccessS3Role, s3:DeleteObject on "
        "arn:aws:s3:::reports-222222222222/dev/x"
    ) == first


@pytest.mark.parametrize("words", [MAY_NOT, ["explain", DENIED]], ids=["can", "explain"])
def test_the_width_is_honoured(words: list[str], default: Assembly) -> None:
    """Only an ARN, an address or a command makes a line wider; COLUMNS goes before the terminal's own width."""
    shown = seen_at_terminal(words, default.directory, columns=60)
    wide = [line for line in shown.splitlines() if len(line) > 60]

    assert [] == [line for line in wide if not re.match(r" *(?:[a-z]+ +)?(?:\S+$|aws |python -m crossrole )", line)]
    assert any(55 < len(line) <= 60 for line in shown.splitlines())
    again = seen_at_terminal(words, default.directory, changes={**PLAIN, "COLUMNS": "60"})
    assert MOMENT.sub("", shown) == MOMENT.sub("", again)


def test_a_wide_terminal_is_used(default: Assembly) -> None:
    """What is folded at 80 columns in a pipe has more room where there is more."""
    shown = seen_at_terminal(["explain", DENIED], default.directory, columns=160)

    assert any(120 < len(line) <= 160 for line in shown.splitlines())


def test_arns_and_commands_stay_whole_at_60_columns(default: Assembly) -> None:
    """Either can be copied with a double or a triple click."""
    lines = seen_at_terminal(["explain", DENIED], default.directory, columns=60).splitlines()

    assert any(COMMAND in line for line in lines)
    assert any(SESSION in line for line in lines)


def test_an_error_is_folded_too(default: Assembly) -> None:
    """It is one line in a pipe, and at a terminal no word of it is cut."""
    shown = seen_at_terminal(["can", "one", "two"], default.directory, columns=60, changes={})

    assert shown.startswith("crossrole: expected CALLER ")
    assert max(map(len, shown.splitlines())) <= 60
    assert ESCAPE not in shown


EVALUATED = [["policies", "DevAccountAccessS3Role"], [*MAY, "--json"], ["assume", "--unset"]]


@pytest.mark.parametrize("words", EVALUATED, ids=str)
def test_what_a_shell_or_a_program_reads_is_never_touched(words: list[str], default: Assembly) -> None:
    """Also at a narrow terminal with colours it is what a pipe gets."""
    shown = seen_at_terminal(words, default.directory, columns=40, changes={})

    assert MOMENT.sub("", piped(words, default.directory)) == MOMENT.sub("", shown)


@pytest.mark.parametrize("words", [MAY, [*MAY, "--json"], ["explain", DENIED], ["who", *MAY[4:]]], ids=str)
def test_a_pipe_loads_no_rich(words: list[str], default: Assembly) -> None:
    """It costs a start a twentieth of a second, for nothing."""
    given = [*words, "--template-dir", str(default.directory)]
    code = f"import sys; from crossrole.cli import main; main({given!r}); print('rich' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "False" == done.stderr.splitlines()[-1]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


LINES = ["name  a\x1b[2K\r\nb\nc", "  fix  call a\u202eb", "x" * 70 + " allowed: c\x07"]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal], ids=["pipe", "terminal"])
def test_a_line_stays_a_line(stream: type[io.StringIO]) -> None:
    """Whatever is in it: what breaks it or steers a terminal is shown, and what is folded begins below a text."""
    environment = Environment(stdout=stream(), stderr=stream(), variables={"NO_COLOR": "1", "COLUMNS": "80"})
    environment.show(LINES)
    environment.put(LINES)
    environment.hint(LINES[0], by="doctor")
    shown, hinted = environment.stdout.getvalue(), environment.stderr.getvalue()  # type: ignore[attr-defined]

    assert all(line.isprintable() for line in (shown + hinted).split("\n"))
    assert [r"name  a\x1b[2K\r\nb\nc", r"  fix  call a\u202eb"] == shown.split("\n")[:2]
    assert [r"name  a\x1b[2K\r\nb\nc", r"  fix  call a\u202eb", rf"{'x' * 70} allowed: c\x07", ""] == shown.split("\n")[
        -4:
    ]
    assert rf"doctor: {visible(LINES[0])}" == hinted.rstrip("\n")
    assert not re.search("^allowed", shown, re.MULTILINE)


def test_json_prints_nothing_that_steers_a_terminal() -> None:
    """A program finds each text in it as it was."""
    environment = Environment(stdout=io.StringIO())
    environment.put({"text": [*LINES, "\x7f"]})
    shown = environment.stdout.getvalue()  # type: ignore[attr-defined]

    assert all(line.isprintable() for line in shown.split("\n"))
    assert [*LINES, "\x7f"] == json.loads(shown)["text"]


def test_words_that_are_no_command_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage that is printed beside an error quotes what was typed, and obeys none of it."""
    with pytest.raises(SystemExit):
        main(["can\x1b[2K\n"])

    assert all(line.isprintable() for line in capsys.readouterr().err.split("\n"))
