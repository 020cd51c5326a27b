"""Compiles what the function's package is to hold and zips it: run by pack.mjs, on Pyodide's CPython 3.14.

Not on the Python that synthesizes: compiled files fit one version of Python only, and zip's compression differs from
one machine's zlib to another's. Pyodide brings both with it, so the package has the same bytes wherever it is made. A
compiled file depends on no processor (https://docs.python.org/3/tutorial/modules.html#compiled-python-files), and its
magic number stays from a version's first candidate on (MagicNumberTests in
https://github.com/python/cpython/blob/3.14/Lib/test/test_importlib/test_util.py).
"""

import compileall
import py_compile
import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(folder: str, target: str) -> None:
    """Compile all of `folder` and zip it, in the order of the names, with one date and mode for all."""
    # Unchecked: the 1980 that each file of a zip is dated would otherwise make Python compile it anew.
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    # A traceback names the sources where Lambda has them.
    if not compileall.compile_dir(
        folder, quiet=1, force=True, stripdir=folder, prependdir="/var/task", invalidation_mode=unchecked
    ):
        raise ValueError("a source can't be compiled")
    root = Path(folder)
    with zipfile.ZipFile(target, "w") as packed:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3  # Unix, which the mode is for
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
