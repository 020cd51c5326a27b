"""When an entry of access.toml last changed, as a real git repository has it."""

import os
import subprocess
from pathlib import Path

import pytest

from crossrole.report.history import NOTHING, Change, history_of

ONE = '[[grants]]\nname = "One"\nprefix = "one/"\naccess = ["read"]\n'
TWO = '[[grants]]\nname = "Two"\nprefix = "two/"\n'


class Repository:
    """A git repository with an access.toml in it."""

    def __init__(self, folder: Path) -> None:
        """Make it."""
        self.folder, self.file, self._day = folder, folder / "access.toml", 0
        folder.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str, author: str = "Ada") -> str:
        """Run git apart from whatever this machine configures."""
        moment = f"2026-01-{self._day or 1:02}T12:00:00Z"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{role}_NAME": author for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": "ada@example.com" for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_DATE": moment for role in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, text: str, subject: str, author: str = "Ada") -> str:
        """Commit a text of the file and return the short hash; each commit is a day later."""
        self._day += 1
        self.file.write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", subject, author=author)
        return self.git("rev-parse", "--short", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return an empty repository."""
    return Repository(tmp_path / "repository")


def test_each_entry_has_its_own_last_change(repository: Repository) -> None:
    """A commit counts for the entries that it changed, and for no other."""
    first = repository.commit(ONE + TWO, "add both")
    second = repository.commit(ONE.replace("one/", "other/") + TWO, "move One", author="Grace")
    found = history_of(repository.file)

    assert {
        "One": Change(second, "2026-01-02", "Grace", "move One"),
        "Two": Change(first, "2026-01-01", "Ada", "add both"),
    } == found.changes
    assert frozenset() == found.uncommitted


def test_what_is_taken_out_is_a_change(repository: Repository) -> None:
    """A key that is removed leaves no line to blame, and widens the grant: it is the last change."""
    repository.commit(ONE, "add One")
    removed = repository.commit(ONE.replace('prefix = "one/"\n', ""), "drop the prefix")

    assert removed == history_of(repository.file).changes["One"].commit


@pytest.mark.parametrize(
    "text",
    [TWO + ONE, f"# a comment\n{ONE}{TWO}", ONE.replace(" = ", "   =   ") + TWO],
    ids=["order", "comment", "space"],
)
def test_writing_it_differently_is_not_a_change(text: str, repository: Repository) -> None:
    """An entry that is moved, commented or aligned says what it said."""
    first = repository.commit(ONE + TWO, "add both")
    repository.commit(text, "tidy")

    assert first == history_of(repository.file).changes["One"].commit


def test_a_change_of_a_merged_branch_is_its_own(repository: Repository) -> None:
    """Not the merge changed an entry that a branch had changed, but the branch's commit."""
    repository.commit(ONE + TWO, "add both")
    repository.git("checkout", "--quiet", "-b", "branch")
    branched = repository.commit(ONE.replace("one/", "branch/") + TWO, "on the branch")
    repository.git("checkout", "--quiet", "main")
    trunk = repository.commit(ONE + TWO.replace("two/", "trunk/"), "on main")
    repository.git("merge", "--quiet", "--no-edit", "branch")
    found = history_of(repository.file).changes

    assert (branched, trunk) == (found["One"].commit, found["Two"].commit)


def test_a_version_that_is_not_toml_is_skipped(repository: Repository) -> None:
    """A commit that broke the file does not end the report."""
    repository.commit("[[grants", "break it")
    fixed = repository.commit(ONE, "fix it")

    assert fixed == history_of(repository.file).changes["One"].commit


def test_what_is_not_committed_is_reported(repository: Repository) -> None:
    """An entry that differs from the last commit is reported, and so is a new one."""
    first = repository.commit(ONE, "add One")
    repository.file.write_text(ONE.replace("one/", "other/") + TWO)
    found = history_of(repository.file)

    assert {"One", "Two"} == found.uncommitted
    assert first == found.changes["One"].commit
    assert "Two" not in found.changes


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a repository, and without git at all, nothing is known."""
    (tmp_path / "access.toml").write_text(ONE)

    assert NOTHING == history_of(tmp_path / "access.toml")
    monkeypatch.setenv("PATH", "")
    assert NOTHING == history_of(tmp_path / "access.toml")


def test_a_file_that_was_never_committed(repository: Repository) -> None:
    """In a repository without a commit, each entry is new."""
    repository.file.write_text(ONE)
    found = history_of(repository.file)

    assert ["One"] == list(found.uncommitted)
    assert not found.changes


def test_a_shallow_clone_does_not_guess(repository: Repository, tmp_path: Path) -> None:
    """What a shallow clone begins with was changed in some commit before, which it does not hold."""
    repository.commit(ONE + TWO, "add both")
    repository.commit(ONE + TWO + "# more\n", "comment")
    last = repository.commit(ONE.replace("one/", "other/") + TWO, "move One")
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth", "2", f"file://{repository.folder}", str(clone))
    found = history_of(clone / "access.toml").changes

    assert [last] == [each.commit for each in found.values()]
