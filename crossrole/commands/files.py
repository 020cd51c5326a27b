"""Writes files so that nothing is lost: a file is written whole, or stays as it was."""

import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from crossrole.errors import CommandError


def write(path: Path, text: str) -> Path:
    """Write a text to a file, in place of what it held, and return where that is.

    Raises `CommandError` where it can't be written; then the file stays as it was.
    """
    where = path.resolve()
    if where.exists() and not where.is_file():
        raise CommandError(f"{path} is not a file, so nothing is written to it; name a file")
    if not where.parent.is_dir():
        raise CommandError(f"there is no folder {where.parent}; make it, or name another file")
    try:
        temporary = _written(where, text)
        try:
            if where.exists():
                temporary.chmod(where.stat().st_mode & 0o777)
            temporary.replace(where)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"{path} can't be written ({error.strerror}); name another file") from None
    return where


def write_all(folder: Path, contents: Mapping[str, str]) -> list[Path]:
    """Write each text into its file of the folder, which is made as needed; return the files that keep former texts.

    A file that holds the text already is left alone. One that holds another text is kept beside the new one, as
    NAME.~1~ or the next free number. All are written beside first, so that a full disk changes none. Raises
    `CommandError` for a folder that can't be written to.
    """
    written: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            path = folder / name
            if path.exists() and not path.is_file():
                raise CommandError(
                    f"{path} is not a file, so nothing is written over it; name another folder with --out"
                )
            if not _holds(path, text):
                written[path] = _written(path, text)
        kept = [_kept(path) for path in written if path.exists()]
        for path, temporary in written.items():
            temporary.replace(path)
    except OSError as error:
        where = error.filename or folder
        raise CommandError(f"{where} can't be written ({error.strerror}); name another folder with --out") from None
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)
    return kept


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() == text.encode()


def _written(path: Path, text: str) -> Path:
    temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _kept(path: Path) -> Path:
    """Give a file a second name that is free; the first goes on holding it until it is replaced."""
    names = (path.with_name(f"{path.name}.~{number}~") for number in count(1))
    kept = next(name for name in names if not name.exists())
    kept.hardlink_to(path)
    return kept
