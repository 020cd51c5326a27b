"""The function as one zip with the botocore it was tested with, cut to what it calls and compiled: `make package`.

A cold start on it takes about half of one on the runtime's own botocore; docs/performance.md has the figures. It needs
an interpreter of the deployed version to compile with, as a compiled file fits no other. All of it is pure Python, so
it runs on arm64 as on any processor. Its name is a hash of all that goes into it: it is never stale.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from gzip import decompress
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCE = CHECKOUT / "lambda"
PACKAGES = CHECKOUT / ".package"

# The version of Python that Lambda runs the function on.
PYTHON = (3, 14)

# What the function calls, and what botocore itself calls for it: HeadBucket asks for the region of a bucket where S3
# redirects, CreateSession is how a directory bucket is signed for.
_OPERATIONS = {"s3": ("PutObject", "HeadBucket", "CreateSession"), "sts": ("AssumeRole",)}
_MODELS = re.compile(r"(service-2|endpoint-rule-set-1)(\.sdk-extras)?\.json(\.gz)?")
_COMPILE = ("-m", "compileall", "-q", "-f", "-j1", "--invalidation-mode", "unchecked-hash")
_LICENCE = re.compile(r"(LICEN[CS]E|NOTICE|COPYING)[^/]*\Z", re.IGNORECASE)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def interpreter() -> str | None:
    """Return a Python of the deployed version: this one, or the one on PATH."""
    if sys.version_info[:2] == PYTHON:
        return sys.executable
    return shutil.which(f"python{PYTHON[0]}.{PYTHON[1]}")


def packaged(python: str) -> Path:
    """Return the zip, compiled by `python`, made at first need."""
    made = PACKAGES / f"{_fingerprint(python)}.zip"
    if not made.exists():
        with TemporaryDirectory() as folder:
            assemble(Path(folder), python)
            PACKAGES.mkdir(exist_ok=True)
            unfinished = made.with_suffix(f".{os.getpid()}")
            _zip(Path(folder), unfinished)
            unfinished.replace(made)
    return made


def assemble(folder: Path, python: str) -> None:
    """Lay out in `folder` what the zip is to hold."""
    for path in _sources():
        _copy(path, folder / path.relative_to(SOURCE))
    for distribution in _distributions():
        for file in distribution.files or ():
            path = Path(str(file.locate()))
            if file.suffix == ".py" or file.name == "cacert.pem":
                _copy(path, folder / file)
            elif _LICENCE.search(str(file)):
                _copy(path, folder / "licences" / distribution.name / file.name)
    for path in _data_files():
        kept = _kept(path)
        target = folder / "botocore" / "data" / path.relative_to(_data())
        target = target.with_name(target.name.removesuffix(".gz"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(kept, separators=(",", ":")))
    # Unchecked: the 1980 that each file of a zip is dated would otherwise make Python compile it anew. The seed and
    # the paths, so that the same sources give the same bytes.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    compile_all = [python, *_COMPILE, "-s", str(folder), "-p", "/var/task", str(folder)]
    subprocess.run(compile_all, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _fingerprint(python: str) -> str:
    """Hash all that decides what is in the zip: this file, the sources, the distributions, and the compiler."""
    told = hashlib.sha256(_version(python).encode())
    for path in [Path(__file__), *_sources()]:
        told.update(path.name.encode() + b"\0" + path.read_bytes())
    for distribution in _distributions():
        # Its RECORD has a hash of each of its files.
        told.update((distribution.read_text("RECORD") or distribution.version).encode())
    return told.hexdigest()[:32]


def _version(python: str) -> str:
    if python == sys.executable:
        return sys.version
    show = [python, "-c", "import sys; print(sys.version, end='')"]
    return subprocess.run(show, check=True, capture_output=True, text=True).stdout  # noqa: S603


def _sources() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*") if path.suffix in {".py", ".pem"})


@cache
def _distributions() -> tuple[metadata.Distribution, ...]:
    """Return botocore and all that it needs, as they are installed here: at the versions in constraints.txt."""
    found: dict[str, metadata.Distribution] = {}
    names = ["botocore"]
    while names:
        name = names.pop()
        if name in found:
            continue
        found[name] = metadata.distribution(name)
        needed = [each for each in found[name].requires or () if "extra ==" not in each]
        names += [re.split(r"[^\w.-]", each, maxsplit=1)[0].lower() for each in needed]
    return tuple(found[name] for name in sorted(found))


def _data() -> Path:
    return Path(str(metadata.distribution("botocore").locate_file("botocore/data")))


def _data_files() -> Iterator[Path]:
    yield from sorted(_data().glob("*.json"))
    for service in _OPERATIONS:
        yield from sorted(path for path in (_data() / service).rglob("*") if _MODELS.fullmatch(path.name))


def _kept(path: Path) -> Any:
    """Return what the function needs of one of botocore's data files."""
    read = path.read_bytes()
    data = json.loads(decompress(read) if path.suffix == ".gz" else read)
    if path.name == "endpoints.json":
        for partition in data["partitions"]:
            partition["services"] = {k: v for k, v in partition["services"].items() if k in _OPERATIONS}
    elif path.name.startswith("service-2.json"):
        operations = {name: data["operations"][name] for name in _OPERATIONS[path.parents[1].name]}
        shapes = {name: data["shapes"][name] for name in _shapes(operations.values(), data["shapes"])}
        return _undocumented({"metadata": data["metadata"], "operations": operations, "shapes": shapes})
    return data


def _shapes(roots: Iterable[Any], shapes: dict[str, Any]) -> list[str]:
    """Return the names of all shapes that `roots` refer to, directly or through others."""
    found: set[str] = set()
    left = list(roots)
    while left:
        value = left.pop()
        if isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            left += value.values()
            name = value.get("shape")
            if isinstance(name, str) and name not in found:
                found.add(name)
                left.append(shapes[name])
    return sorted(found)


def _undocumented(value: Any) -> Any:
    """Return `value` without its documentation, which most of a model is."""
    if isinstance(value, list):
        return [_undocumented(each) for each in value]
    if isinstance(value, dict):
        return {
            name: _undocumented(each)
            for name, each in value.items()
            if not (name in {"documentation", "documentationUrl"} and isinstance(each, str))
        }
    return value


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def _zip(folder: Path, target: Path) -> None:
    """Pack `folder` in the order of the names, with one date and mode for all."""
    with zipfile.ZipFile(target, "w") as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3  # Unix, on whatever it is made
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def main() -> int:
    """Make the zip and say which it is."""
    python = interpreter()
    version = ".".join(map(str, PYTHON))
    if python is None:
        sys.stderr.write(
            f"package: got no python{version} on PATH, expected one to compile with, as Lambda runs it: "
            "install it; without one the sources alone are deployed, and each cold start takes longer\n"
        )
        return 2
    made = packaged(python)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    sys.stdout.write(f"{made.relative_to(CHECKOUT)}, {made.stat().st_size} bytes, sha256 {digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
