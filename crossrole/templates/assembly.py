"""Reads a synthesized cloud assembly: the templates, and whether they are still what the app would make."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossrole.errors import CommandError
from crossrole.iam.partitions import partition_of_region
from crossrole.templates.intrinsics import Template

CHECKOUT = Path(__file__).resolve().parents[2]
CDK_OUT = CHECKOUT / "cdk.out"
_SOURCES = ("access.toml", "app.py", "cdk.json", "requirements.txt", "access", "stacks", "constructs", "lambda")


def read_assembly(folder: Path | None = None, *, may_be_stale: bool = False) -> list[Template]:
    """Return the assembly's templates, cdk.out's by default; these must not be older than the app's sources.

    Raises `CommandError` for a folder that is not an assembly, can't be read, or is stale.
    """
    where = CDK_OUT if folder is None else folder
    if not may_be_stale and (stale := staleness(folder)):
        raise CommandError(f"{stale}; run: make synth")
    artifacts = _read(where / "manifest.json", where).get("artifacts")
    if not isinstance(artifacts, dict):
        raise CommandError(f"{where / 'manifest.json'} is not the manifest of a cloud assembly: it lists no artifacts")
    stacks = {name: each for name, each in artifacts.items() if _is_stack(each)}
    if not stacks:
        raise CommandError(f"{where} holds no stack; run: make synth")
    return [_template(name, artifact, where) for name, artifact in stacks.items()]


def _is_stack(artifact: Any) -> bool:
    return isinstance(artifact, dict) and artifact.get("type") == "aws:cloudformation:stack"


def _template(name: str, artifact: Any, folder: Path) -> Template:
    try:
        file, where = str(artifact["properties"]["templateFile"]), str(artifact["environment"])
    except (KeyError, TypeError):
        raise CommandError(f"{folder / 'manifest.json'}: {name} has no template or no environment") from None
    _, _, environment = where.partition("aws://")
    account, _, region = environment.partition("/")
    if not account.isdigit() or region.startswith("unknown"):
        raise CommandError(
            f"{folder}: {name} is for any account or region; only a stack of one account can be evaluated"
        )
    body = _read(folder / file, folder)
    return Template(
        name, account, region, partition_of_region(region), body, tags=artifact["properties"].get("tags", {})
    )


def _read(path: Path, folder: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fix = "run: make synth" if folder == CDK_OUT else "name a folder that cdk synth wrote"
        raise CommandError(f"there is no {path}; {fix}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} can't be read ({error}); make it anew: make synth") from None
    if not isinstance(data, dict):
        raise CommandError(f"{path} is not a JSON object; make it anew: make synth")
    return data


def staleness(folder: Path | None = None) -> str | None:
    """Return a text that names a source newer than cdk.out; None where there is none, and for every other folder."""
    manifest = CDK_OUT / "manifest.json"
    if (folder and folder.resolve() != CDK_OUT.resolve()) or not manifest.exists():
        return None
    made = manifest.stat().st_mtime
    newer = [path for path in _sources() if path.stat().st_mtime > made]
    if not newer:
        return None
    return f"cdk.out is older than {newer[0].relative_to(CHECKOUT)}, so it may differ from what would be deployed"


def _sources() -> Iterator[Path]:
    for name in _SOURCES:
        path = CHECKOUT / name
        yield from [path] if path.is_file() else (each for each in path.rglob("*") if each.suffix in {".py", ".json"})
