"""The contents of the function's package: its sources and the botocore it was tested with, cut to what it calls.

All of it is pure Python, so it runs on arm64 as on any processor.
"""

import json
import re
from collections.abc import Iterable, Iterator
from gzip import decompress
from importlib import metadata
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "lambda"

# What the function calls, and what botocore itself calls for it: HeadBucket asks for the region of a bucket where S3
# redirects, CreateSession is how a directory bucket is signed for.
_OPERATIONS = {"s3": ("PutObject", "HeadBucket", "CreateSession"), "sts": ("AssumeRole",)}
_DATA = "botocore/data/"
_MODELS = r"(service-2|endpoint-rule-set-1)(\.sdk-extras)?\.json(\.gz)?"
_KEPT_DATA = re.compile(rf"[^/]+|({'|'.join(_OPERATIONS)})/[^/]+/{_MODELS}")
_LICENCE = re.compile(r"LICEN[CS]E|NOTICE|COPYING", re.IGNORECASE)


def contents() -> dict[str, Path]:
    """Return the files of the package by their names in it, in the order of the names."""
    named = {path.relative_to(SOURCE).as_posix(): path for path in SOURCE.rglob("*") if path.suffix in {".py", ".pem"}}
    for library, distribution in _distributions().items():
        for file in _files(distribution):
            name = _name_in_package(library, file)
            if name:
                named[name] = Path(str(distribution.locate_file(file)))
    return dict(sorted(named.items()))


def lay_out(folder: Path) -> None:
    """Write the files of the package into `folder`."""
    for name, path in contents().items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_cut(path) if name.startswith(_DATA) else path.read_bytes())


def _distributions() -> dict[str, metadata.Distribution]:
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
    return found


def _files(distribution: metadata.Distribution) -> Iterator[str]:
    # Not `distribution.files`: it makes an object of each of botocore's two thousand, which takes half of this.
    for line in (distribution.read_text("RECORD") or "").splitlines():
        file = line.rsplit(",", 2)[0]
        # What lies elsewhere is a script, written for this machine's Python.
        if not file.startswith("../"):
            yield file


def _name_in_package(distribution: str, file: str) -> str | None:
    """Return what one of a distribution's files is called in the package, or None where it is left out."""
    if file.startswith(_DATA):
        return file.removesuffix(".gz") if _KEPT_DATA.fullmatch(file, len(_DATA)) else None
    name = file.rpartition("/")[2]
    if name.endswith(".py") or name == "cacert.pem":
        return file
    return f"licences/{distribution}/{name}" if _LICENCE.match(name) else None


def _cut(path: Path) -> bytes:
    """Return what the function needs of one of botocore's data files."""
    read = path.read_bytes()
    data = json.loads(decompress(read) if path.suffix == ".gz" else read)
    if path.name == "endpoints.json":
        for partition in data["partitions"]:
            partition["services"] = {k: v for k, v in partition["services"].items() if k in _OPERATIONS}
    elif path.name.startswith("service-2.json"):
        operations = {name: data["operations"][name] for name in _OPERATIONS[path.parents[1].name]}
        shapes = {name: data["shapes"][name] for name in _shapes(operations.values(), data["shapes"])}
        data = _undocumented({"metadata": data["metadata"], "operations": operations, "shapes": shapes})
    return json.dumps(data, separators=(",", ":")).encode()


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
