"""Imports every module of the package in the folder that it is given, and prints why each that fails does."""

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Import and print: a JSON object of reasons by the modules' names."""
    root = Path(sys.argv[1])
    sys.path.insert(0, str(root))
    reasons = {}
    for path in sorted(root.rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 each is told
            reasons[name] = repr(error)
    sys.stdout.write(json.dumps({"python": list(sys.version_info[:2]), "reasons": reasons}) + "\n")


main()
