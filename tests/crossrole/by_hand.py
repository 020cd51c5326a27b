"""Templates that were changed by hand after the synthesis."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.synthesis import Assembly

Resources = dict[str, Any]


def edited_by_hand(assembly: Assembly, folder: Path, stack: str, edit: Callable[[Resources], object]) -> Path:
    """Copy an assembly's templates into a folder, change the resources of one stack, and return the folder."""
    for path in assembly.directory.glob("*.json"):
        (folder / path.name).write_text(path.read_text())
    template = json.loads((folder / f"{stack}.template.json").read_text())
    edit(template["Resources"])
    (folder / f"{stack}.template.json").write_text(json.dumps(template))
    return folder
