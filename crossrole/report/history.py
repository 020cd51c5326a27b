"""When each grant's entry in access.toml last changed, from git."""

import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

Entries = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """The commit that last changed an entry's content."""

    commit: str
    """The short hash."""
    date: str
    """The author's date: `2026-11-24`."""
    author: str
    subject: str


@dataclass(frozen=True)
class _Commit:
    change: Change
    hash: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """The history of the entries of one access.toml."""

    changes: dict[str, Change]
    """The last change of each grant that a commit holds."""
    uncommitted: frozenset[str]
    """The grants whose entries differ from the last commit."""


NOTHING = History({}, frozenset())


def history_of(file: Path) -> History:
    """Return the last change of each grant's entry in the file; nothing where git does not know the file.

    An entry counts as changed where its keys or values did, however it is written and wherever it stands: what a
    commit took out of an entry changes it too, which no blame of the lines that are left would tell.
    """
    if _git(file, "rev-parse", "--is-inside-work-tree") is None:
        return NOTHING
    shallow = _git(file, "rev-parse", "--is-shallow-repository") == b"true\n"
    found: dict[str, Change] = {}
    with _Versions(file) as versions:
        head = versions.entries("HEAD")
        now = _entries(file.read_bytes()) if file.exists() else {}
        uncommitted = frozenset(name for name in now if now[name] != head.get(name))
        sought = set(head)
        for commit in _commits(file) if sought else ():
            if shallow and not commit.parents:
                break  # what the clone begins with was not changed there
            before = [versions.entries(parent) for parent in commit.parents] or [{}]
            entries = versions.entries(commit.hash)
            changed = {name for name in sought if all(entries.get(name) != each.get(name) for each in before)}
            found |= dict.fromkeys(changed, commit.change)
            sought -= changed
            if not sought:
                break
    return History(found, uncommitted)


def _commits(file: Path) -> Iterator[_Commit]:
    """Yield the commits that touched the file, the latest first."""
    listed = _git(file, "log", "-z", "--format=%H%x1f%P%x1f%h%x1f%as%x1f%an%x1f%s", "--", file.name)
    for record in filter(None, (listed or b"").decode("utf-8", "replace").split("\0")):
        whole, parents, short, date, author, subject = record.split("\x1f", 5)
        yield _Commit(Change(short, date, author, subject), whole, tuple(parents.split()))


class _Versions:
    """The file as commits hold it, read by one git process."""

    def __init__(self, file: Path) -> None:
        self._name = file.name
        self._read: dict[bytes, Entries] = {}
        self._process = subprocess.Popen(  # noqa: S603 our own command
            _command(file, "cat-file", "--batch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def entries(self, commit: str) -> Entries:
        """Return the grants of the file in a commit, by name; none where it has no such file."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return {}
        stdin.write(f"{commit}:./{self._name}\n".encode())
        stdin.flush()
        blob, *rest = stdout.readline().split()
        if rest[:1] != [b"blob"]:
            return {}
        content = stdout.read(int(rest[1]) + 1)
        if blob not in self._read:
            self._read[blob] = _entries(content)
        return self._read[blob]


def _entries(content: bytes) -> Entries:
    try:
        grants = tomllib.loads(content.decode()).get("grants", [])
        return {str(each["name"]): each for each in grants}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # a version that never could be synthesized


def _command(file: Path, *arguments: str) -> list[str]:
    return ["git", "-C", str(file.parent), *arguments]


def _git(file: Path, *arguments: str) -> bytes | None:
    """Return what git prints, or None where it fails or is not installed."""
    try:
        done = subprocess.run(_command(file, *arguments), capture_output=True, check=False)  # noqa: S603 our own command
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
