"""The function as one zip, with its botocore and compiled for the Python that Lambda runs it on: `make package`.

A cold start on it takes about two thirds of one on the runtime's own botocore; docs/performance.md has the figures.
Its bytes are the same on every machine. Its name is a hash of everything that goes into it, so it is never stale.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from cross_account.writer_contents import contents, lay_out

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = CHECKOUT / ".package"

_PACKER = Path(__file__).with_name("pack.mjs")
_MAKERS = [_PACKER, *(_PACKER.with_name(name) for name in ("pack.py", "writer_contents.py"))]


class PackageError(Exception):
    """The package can't be made; its text is one line that says how to fix it."""


def packaged() -> Path:
    """Return the zip, made at first need; raises `PackageError`."""
    made = PACKAGES / f"{fingerprint()}.zip"
    if not made.exists():
        sys.stderr.write("packaging the function: a few seconds, once after each change to it\n")
        try:
            _make(made)
        except OSError as error:
            raise PackageError(f"the function can't be packaged in {PACKAGES}: {error.strerror}") from None
    return made


def _make(target: Path) -> None:
    PACKAGES.mkdir(exist_ok=True)
    # Beside it, and renamed when it is whole: another process may be making or reading the same one.
    with TemporaryDirectory(dir=PACKAGES) as folder:
        sources, unfinished = Path(folder, "sources"), Path(folder, "zip")
        lay_out(sources)
        _pack(sources, unfinished)
        unfinished.replace(target)


def _pack(sources: Path, target: Path) -> None:
    beside = Path(sys.executable).with_name("node")
    node = str(beside) if beside.exists() else shutil.which("node")
    if node is None:
        raise PackageError("the function can't be packaged: Node is not installed here; run: make setup")
    command = [node, str(_PACKER), str(sources), str(target)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = next((line for line in reversed(done.stderr.splitlines()) if "Error" in line), "it stopped")
        raise PackageError(f"the function can't be packaged ({reason.strip()}); run: make setup")


def fingerprint() -> str:
    """Hash all that decides what is in the zip."""
    digest = hashlib.sha256(_compiler().encode())
    for name, path in [*((path.name, path) for path in _MAKERS), *contents().items()]:
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:32]


def _compiler() -> str:
    """Return Pyodide's version."""
    try:
        package = (CHECKOUT / "node_modules" / "pyodide" / "package.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PackageError("the function can't be packaged: node_modules has no pyodide; run: make setup") from None
    return str(json.loads(package)["version"])


def main() -> int:
    """Make the zip and say which it is."""
    try:
        made = packaged()
    except PackageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    sys.stdout.write(f"{made.relative_to(CHECKOUT)}, {made.stat().st_size} bytes, sha256 {digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
