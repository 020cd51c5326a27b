"""Writes files so that nothing is lost: whole or not at all, and what was there is kept."""

import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from crossrole.unusable import Unusable


def write_all(folder: Path, contents: Mapping[str, str]) -> list[Path]:
    """Write each text into its file of the folder, which is made as needed; return where former texts are kept now.

    A file that holds the text already is left alone. One that holds another text is kept beside the new one, as
    NAME.~1~ or the next free number. All are written beside first, so that a full disk changes none. Raises
    `Unusable` for a folder that can't be written to.
    """
    written: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            path = folder / name
            if not _holds(path, text):
                written[path] = _written(path, text)
        kept = [_kept(path) for path in written if path.exists()]
        for path, temporary in written.items():
            temporary.replace(path)
    except OSError as error:
        where = error.filename or folder
        raise Unusable(f"{where} can't be written ({error.strerror}); name another folder with --out") from None
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)
    return kept


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() == text.encode()


def _written(path: Path, text: str) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("x", encoding="utf-8") as file:
        file.write(text)
    return temporary


def _kept(path: Path) -> Path:
    """Give a file a second name that is free; the first goes on holding it until it is replaced."""
    names = (path.with_name(f"{path.name}.~{number}~") for number in count(1))
    kept = next(name for name in names if not name.exists())
    kept.hardlink_to(path)
    return kept
