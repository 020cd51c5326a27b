"""The command as it is typed: where it writes, and what becomes of the file when it can't."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossrole.commands import report as command
from crossrole.templates import assembly
from tests.command_line import main
from tests.synthesis import ROOT, Assembly

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def words(default: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the command's words, in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return ["report", "--template-dir", str(default.directory)]


def test_the_page_is_written_and_its_place_reported(words: list[str], capsys: Capture) -> None:
    """Without --out the page is access.html in the folder that one is in; nothing else is left there."""
    status = main(words)
    path = Path("access.html").resolve()

    assert 0 == status
    assert f"wrote {path}\n" == capsys.readouterr().out
    assert path.read_text().startswith("<!DOCTYPE html>\n")
    assert [path] == list(path.parent.iterdir())


def test_markdown_goes_to_standard_output_or_to_a_file(words: list[str], capsys: Capture) -> None:
    """Markdown is for a pipe, and the same in a file."""
    assert 0 == main([*words, "--markdown"])
    piped = capsys.readouterr().out
    assert 0 == main([*words, "--markdown", "--out", "access.md"])

    assert f"wrote {Path('access.md').resolve()}\n" == capsys.readouterr().out
    assert piped == Path("access.md").read_text()
    assert piped.startswith("# Access from outside, ")


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_file_has_the_mode_of_any_file(mask: int, words: list[str]) -> None:
    """A new page is as readable as the umask lets it be, and one that is written anew keeps its mode."""
    before = os.umask(mask)
    try:
        main(words)
        main([*words, "--markdown", "--out", "kept"])
        Path("kept").chmod(0o640)
        main([*words, "--markdown", "--out", "kept"])
    finally:
        os.umask(before)

    assert 0o666 & ~mask == Path("access.html").stat().st_mode & 0o777
    assert 0o640 == Path("kept").stat().st_mode & 0o777


def test_a_link_is_followed(words: list[str]) -> None:
    """Where the file is a link, what it leads to is written, and the link stays."""
    Path("real.html").touch()
    Path("access.html").symlink_to("real.html")
    main(words)

    assert Path("access.html").is_symlink()
    assert Path("real.html").read_text().startswith("<!DOCTYPE html>\n")


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that nothing can be written to: for root one of the kernel's, which root can't write either."""
    if os.geteuid() == 0:
        yield Path("/proc/self")
        return
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    yield folder
    folder.chmod(0o700)


def test_a_folder_that_is_read_only(words: list[str], locked: Path, capsys: Capture) -> None:
    """One line says that the file can't be written, and why."""
    status = main([*words, "--out", str(locked / "access.html")])
    out, err = capsys.readouterr()

    assert (2, "") == (status, out)
    assert err.startswith(f"crossrole: {locked / 'access.html'} can't be written (")
    assert err.endswith("; name another file\n")


def test_places_that_are_not_files(words: list[str], tmp_path: Path, capsys: Capture) -> None:
    """A folder that is not there, a folder in place of a file, and a device are invalid in one line each."""
    (tmp_path / "folder").mkdir()

    assert 2 == main([*words, "--out", str(tmp_path / "none" / "access.html")])
    assert (
        f"crossrole: there is no folder {tmp_path / 'none'}; make it, or name another file\n" == capsys.readouterr().err
    )
    for place in (tmp_path / "folder", Path("/dev/null")):
        assert 2 == main([*words, "--out", str(place)])
        assert (
            f"crossrole: {place} is not a file, so nothing is written to it; name a file\n" == capsys.readouterr().err
        )
    assert Path("/dev/null").is_char_device()


def test_a_full_disk_leaves_the_old_page(words: list[str]) -> None:
    """When writing fails half-way the old file is whole, and nothing is left beside it."""
    page = Path("access.html")
    page.write_text("the old page")
    line = f'ulimit -f 1; exec "$0" -m crossrole {" ".join(words)} --out {page.resolve()}'
    done = subprocess.run(["sh", "-c", line, sys.executable], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (2, "") == (done.returncode, done.stdout)
    assert f"crossrole: {page.resolve()} can't be written (File too large); name another file\n" == done.stderr
    assert "the old page" == page.read_text()
    assert [page.name] == [each.name for each in Path.cwd().iterdir()]


def test_it_needs_neither_boto3_nor_cdk(words: list[str]) -> None:
    """The page is made from the templates, without what talks to AWS."""
    code = "; ".join(  # as one line of Python
        (
            "import sys",
            "from crossrole.cli import main",
            f"main({words})",
            "print({'boto3', 'botocore', 'aws_cdk'} & set(sys.modules))",
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "set()" == done.stdout.splitlines()[-1]


def test_git_knows_the_checkouts_own_templates(
    default: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The history is that of the checkout's access.toml; of templates in another folder none is reported."""
    shutil.copytree(default.directory, tmp_path / "cdk.out")
    shutil.copy(ROOT / "access.toml", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for arguments in (["init", "--quiet"], ["add", "access.toml"], ["commit", "--quiet", "--message", "first words"]):
        subprocess.run([*git, *arguments], check=True)
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    monkeypatch.setattr(assembly, "CHECKOUT", tmp_path)
    monkeypatch.setattr(assembly, "CDK_OUT", tmp_path / "cdk.out")
    os.utime(tmp_path / "access.toml", (1000, 1000))

    assert 0 == main(["report", "--markdown"])
    assert "by `Ada`: `first words`\n" in capsys.readouterr().out
    assert 0 == main(["report", "--markdown", "--template-dir", str(default.directory)])
    assert "- Last change in git: not in git\n" in capsys.readouterr().out
