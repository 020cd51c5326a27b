"""What is typed wrong, and what is asked of the program itself."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from crossrole import VERSION, cli


def exits(words: list[str]) -> object:
    """Return the exit status of words that argparse does not take."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    return stopped.value.code


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A report of a fault begins with it."""
    assert 0 == exits(["--version"])
    assert f"crossrole {VERSION}\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cann", "x"], 'there is no command "cann"; did you mean can?'),
        (["reprot"], 'there is no command "reprot"; did you mean report?'),
        (["quux"], 'there is no command "quux"; the commands are can, who,'),
        (["lint", "--jsn"], "unrecognized arguments: --jsn; did you mean --json?"),
        (["who", "s3:GetObject", "arn:aws:s3:::b/k", "--template-dri", "x"], "did you mean --template-dir?"),
        (["lint", "--zzzzzzzz"], "unrecognized arguments: --zzzzzzzz\n"),
    ],
)
def test_a_misspelt_word_brings_the_nearest(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person sees what was meant, beside the usage."""
    assert 2 == exits(words)
    out, err = capsys.readouterr()
    assert "" == out
    assert expected in err


def test_with_json_an_error_is_json_too(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    """A program that reads the answer reads the error in its place; a log still has the line."""
    assert 2 == cli.main(["lint", "--json", "--template-dir", f"{tmp_path}/nowhere"])
    out, err = capsys.readouterr()
    assert err == f"crossrole: {json.loads(out)['error']}\n"

    assert 2 == exits(["who", "--json"])
    out, _ = capsys.readouterr()
    assert "required" in json.loads(out)["error"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["re"], {"revoke", "restore", "report"}),
        (["--pr"], {"--print-completion"}),
        (["doctor", "--pro"], {"--profile", "--prod-profile"}),
        (["assume", "x", "--format", "po"], {"powershell"}),
        (["lint", "--template-dir", "access.t"], {"access.toml"}),
    ],
)
def test_bash_completes_commands_options_and_values(
    words: list[str], expected: set[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The last word is completed from what every command takes, not only the one that was called."""
    assert 0 == exits(["--print-completion", "bash"])
    script = tmp_path / "crossrole"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "access.toml").touch()
    # As bash does when a person presses the tabulator.
    ask = '''. "$0"; COMP_WORDS=(crossrole "$@"); COMP_CWORD=$#; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
    function=$(complete -p crossrole | sed "s/.* -F \\([^ ]*\\) .*/\\1/")
    $function; printf "%s\\n" "${COMPREPLY[@]}"'''
    done = subprocess.run(
        ["bash", "--norc", "-c", ask, str(script), *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert expected == set(done.stdout.split())


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_reads_its_completion(capsys: pytest.CaptureFixture[str]) -> None:
    """What it prints has zsh's own syntax."""
    assert 0 == exits(["--print-completion", "zsh"])
    script = capsys.readouterr().out

    subprocess.run(["zsh", "-n"], input=script, text=True, check=True)


def test_a_shell_without_a_completion_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that have one are listed."""
    assert 2 == exits(["--print-completion", "fish"])
    assert "invalid choice: 'fish' (choose from 'bash', 'zsh')" in capsys.readouterr().err
