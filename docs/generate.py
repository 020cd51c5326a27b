"""Writes what is generated from the models: docs/access.schema.json, and the table of keys in README.md.

Run by `make docs`; a test fails while either is out of date.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "constructs")]

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cross_account.environment import Environment
from cross_account.grant import Grant
from stacks.access import Access, Bucket, Writer

SCHEMA = ROOT / "docs" / "access.schema.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- keys: written by make docs -->\n", "<!-- end of keys -->\n"

TABLES: dict[str, type[BaseModel]] = {
    "`[prod]` and `[dev]`": Environment,
    "`[[grants]]`": Grant,
    "`[[buckets]]`": Bucket,
    "`[writer]`": Writer,
}


def schema() -> str:
    """Return the JSON Schema that editors check access.toml with."""
    return json.dumps(Access.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def readme(text: str) -> str:
    """Return the README with its table of keys as the models have it."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{''.join(_table(heading, model) for heading, model in TABLES.items())}{END}{after}"


def _table(heading: str, model: type[BaseModel]) -> str:
    rows = [f"| `{name}` | {field.description} | {_default(field)} |" for name, field in model.model_fields.items()]
    return "\n".join([f"\n{heading}\n", "| key | what it says | left out |", "|---|---|---|", *rows, "\n"])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "refused"
    value = field.get_default(call_default_factory=True)
    return "" if value in (None, (), "") else f"`{json.dumps(value)}`"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
