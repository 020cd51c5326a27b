"""What is typed wrong, and what is asked of the program itself."""

import json

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
