"""Each shell's own words, whatever a value holds."""

import subprocess

import pytest

from crossrole.assume.variables import SHELLS

NASTY = "a'b\"c $HOME `id` \\ !x %y\n#é"


@pytest.mark.parametrize("program", ["sh", "bash"])
def test_what_a_shell_reads_is_what_was_said(program: str) -> None:
    """Nothing in a value is taken for the shell's language."""
    lines = SHELLS["env"].lines({"GONE": None, "NASTY": NASTY})
    script = f'GONE=there\n{lines}\nprintf "%s|%s" "$NASTY" "${{GONE-gone}}"'

    assert f"{NASTY}|gone" == subprocess.run([program, "-c", script], capture_output=True, text=True, check=True).stdout


EXACT = {
    "env": "unset GONE\nexport KEPT='a'\"'\"'b\\c'",
    "fish": "set -e GONE\nset -gx KEPT 'a\\'b\\\\c'",
    "powershell": "Remove-Item Env:GONE -ErrorAction SilentlyContinue\n$Env:KEPT = 'a''b\\c'",
}


@pytest.mark.parametrize(("form", "expected"), EXACT.items())
def test_exact_text(form: str, expected: str) -> None:
    """Quotes are escaped as each shell wants it, and what is to be gone comes first."""
    assert expected == SHELLS[form].lines({"KEPT": "a'b\\c", "GONE": None})


def test_powershell_takes_typographic_quotes_for_quotes() -> None:
    """They are doubled too."""
    assert "$Env:X = '\u2018\u2018\u2019\u2019'" == SHELLS["powershell"].lines({"X": "\u2018\u2019"})
