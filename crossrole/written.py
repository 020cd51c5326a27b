"""Writes a file so that it is whole or untouched, whatever happens meanwhile."""

import os
import tempfile
from pathlib import Path

from crossrole.unusable import Unusable

_EVERYONE = 0o666


def write(path: Path, text: str) -> Path:
    """Write a text to a file, in place of what it held, and return where that is.

    Raises `Unusable` where it can't be; then the file is as it was.
    """
    where = path.resolve()
    if where.exists() and not where.is_file():
        raise Unusable(f"{path} is no file, so nothing is written to it; name a file")
    if not where.parent.is_dir():
        raise Unusable(f"there is no folder {where.parent}; make it, or name another file")
    try:
        _replace(where, text)
    except OSError as error:
        raise Unusable(f"{path} can't be written ({error.strerror}); name another file") from None
    return where


def _replace(where: Path, text: str) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{where.name[:100]}.", dir=where.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        mode = where.stat().st_mode & _EVERYONE if where.exists() else _EVERYONE & ~_umask()
        Path(beside).chmod(mode)
        Path(beside).replace(where)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
