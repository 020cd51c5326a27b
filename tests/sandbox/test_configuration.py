"""What the sandbox reads of access.toml, and how it reports what is invalid."""

from pathlib import Path

import pytest

from sandbox.configuration import CHECKOUT, Account, SandboxError, read_access

COMMITTED = (CHECKOUT / "access.toml").read_text(encoding="utf-8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a test may write an access.toml."""
    return tmp_path / "access.toml"


def test_the_committed_file_can_be_walked_through() -> None:
    """`make try` works as the project stands."""
    access = read_access(CHECKOUT / "access.toml")

    assert access.dev == Account(id="111111111111", region="eu-west-1")
    assert access.prod == Account(id="222222222222", region="eu-west-1")
    assert access.writer is not None
    assert access.writer.obstacles == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no 'dev'"),
        ("[dev", "not valid TOML"),
        ("dev = 1", "shape of an access.toml"),
        (COMMITTED.replace('grant = "Dev', 'grant = "Other'), "entry has that name"),
    ],
)
def test_an_invalid_file_is_reported_in_one_line(file: Path, text: str, message: str) -> None:
    """Whatever is wrong, it is a `SandboxError`; the app's own synth reports the details."""
    file.write_text(text, encoding="utf-8")

    with pytest.raises(SandboxError, match=message):
        read_access(file)


def test_a_missing_file_is_named(file: Path) -> None:
    """A mistyped --access names what it looked for."""
    with pytest.raises(SandboxError, match=r"access\.toml: No such file"):
        read_access(file)


@pytest.mark.parametrize(
    ("was", "becomes", "obstacle"),
    [
        ('access      = ["write"]', 'access = ["write", "delete"]', "it allows deleting"),
        ('access      = ["write"]', 'access = ["read"]', "it does not allow writing"),
        ('prefix      = "dev/"', "", "it has no prefix"),
        ('principals  = ["arn:', 'principals = ["111111111111", "arn:', "it trusts more than roles (111111111111)"),
    ],
)
def test_a_grant_that_allows_what_must_be_denied_is_an_obstacle(
    file: Path, was: str, becomes: str, obstacle: str
) -> None:
    """The walk-through says so at the start, and not as a wrong line at the end."""
    assert was in COMMITTED
    file.write_text(COMMITTED.replace(was, becomes), encoding="utf-8")

    writer = read_access(file).writer

    assert writer is not None
    assert writer.obstacles == (obstacle,)


def test_no_function_is_no_error(file: Path) -> None:
    """`make accounts` works without a [writer]."""
    file.write_text(COMMITTED.split("[writer]")[0], encoding="utf-8")

    assert read_access(file).writer is None


def test_more_accounts_have_their_own_names(file: Path) -> None:
    """Each `[[accounts]]` entry becomes a profile of its name."""
    entry = '[[accounts]]\nname = "payments"\naccount = "444444444444"\nregion = "eu-north-1"\n'
    file.write_text(f"{COMMITTED}\n{entry}", encoding="utf-8")

    assert read_access(file).more == {"payments": Account(id="444444444444", region="eu-north-1")}


def test_a_name_that_the_local_accounts_use_is_reported(file: Path) -> None:
    """`other` is the stranger's profile."""
    entry = '[[accounts]]\nname = "other"\naccount = "444444444444"\nregion = "eu-north-1"\n'
    file.write_text(f"{COMMITTED}\n{entry}", encoding="utf-8")

    with pytest.raises(SandboxError, match="a profile 'other' of their own"):
        read_access(file)
