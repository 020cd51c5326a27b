"""Writes what is generated: the JSON Schema, docs/kinds.md, tables, the settings for programs, two pictures.

Run by `make docs`, which has made the templates in cdk.out; a test fails while one of them is out of date. The picture
of `make try` is made of docs/try.json, which a test compares with what `make try` does.
"""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "constructs")]

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.console import Console

from access.environment import Environment
from access.file import read_access
from access.fleet import Fleet
from access.grant import Grant, Place
from access.identity_provider import IdentityProvider
from access.model import Access, Account, Bucket, Production, Writer
from access.policies.caller import caller_statements
from access.policies.document import document
from access.policies.permissions import inline_policies
from access.policies.trust import trust_policy
from access.principal import PrincipalKind
from crossrole.assume.tools import block_of
from crossrole.lint.rules import ALL
from crossrole.report.drawing import Pen, figures_of
from crossrole.report.history import NOTHING
from crossrole.report.model import report_of
from crossrole.report.page import page_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.grant import grants_of
from crossrole.templates.reader import read_inventory
from sandbox.checks import Check, print_checks
from sandbox.console import print_whole
from sandbox.progress import print_step

SCHEMA = ROOT / "docs" / "access.schema.json"
CONFIGURATION = ROOT / "docs" / "configuration.md"
KINDS = ROOT / "docs" / "kinds.md"
LINT = ROOT / "docs" / "lint.md"
OWN_FUNCTION = ROOT / "docs" / "your-own-function.md"
TRIED, TRY = ROOT / "docs" / "try.json", ROOT / "docs" / "try.svg"
REPORT, REPORT_OF = ROOT / "docs" / "report.png", ROOT / "docs" / "report.sha256"
_SCREENSHOT = ROOT / "docs" / "screenshot.mjs"
BEGIN, END = "<!-- keys: written by make docs -->\n", "<!-- end of keys -->\n"
BEGIN_RULES, END_RULES = "<!-- rules: written by make docs -->\n", "<!-- end of rules -->\n"
BEGIN_SETTINGS, END_SETTINGS = "<!-- {}: written by make docs -->\n", "<!-- end of {} -->\n"

TABLES: dict[str, type[BaseModel]] = {
    "`[prod]`": Production,
    "`[dev]`": Environment,
    "`[[accounts]]`": Account,
    "`[[grants]]`": Grant,
    "`[[grants.places]]`": Place,
    "`[[buckets]]`": Bucket,
    "`[[identity_providers]]`": IdentityProvider,
    "`[writer]`": Writer,
    "`[fleet]`": Fleet,
}


def schema() -> str:
    """Return the JSON Schema that editors check access.toml with."""
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(draft | Access.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def configuration(text: str) -> str:
    """Return the page of access.toml with its table of keys as the models have it."""
    return _between(BEGIN, "".join(_table(heading, model) for heading, model in TABLES.items()), END, text)


def lint(text: str) -> str:
    """Return the page of `crossrole lint` with its table of rules as they are."""
    head = "\n| rule | what it finds | right to allow it |\n|---|---|---|\n"
    rows = [f"| [`{each.id}`]({each.url}) | {each.meaning} | {each.allowed_where} |\n" for each in ALL]
    return _between(BEGIN_RULES, f"{head}{''.join(rows)}\n", END_RULES, text)


def own_function(text: str, templates: Path | None = None) -> str:
    """Return the page of one's own function with what `profile --for` prints for the committed access.toml's grant."""
    (grant,) = grants_of(read_inventory(read_assembly(templates)))
    for tool in re.findall(BEGIN_SETTINGS.format(r"([\w-]+)"), text):
        block = block_of(grant, tool)
        needs = {"write": block.tool.to_write, "read": block.tool.to_read}
        beside = [f"{', '.join(map(_code, actions))} to {word}" for word, actions in needs.items() if actions]
        said = [
            f"It needs {', and '.join(beside)}, beside the action itself." if beside else "",
            f"Its makers' page: <{block.tool.docs}>.",
            "A test runs it." if block.tool.run is True else f"Not run by the tests: {block.tool.run}.",
        ]
        written = f"\n{_fenced(block.tool.language, block.text)}\n{' '.join(filter(None, said))}\n\n"
        text = _between(BEGIN_SETTINGS.format(tool), written, END_SETTINGS.format(tool), text)
    return text


def _code(text: str) -> str:
    return f"`{text}`"


def _between(begin: str, written: str, end: str, text: str) -> str:
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}{written}{end}{after}"


def kinds() -> str:
    """Return the page that shows one grant of each kind beside its policies."""
    file = ROOT / "tests" / "kinds.toml"
    access = read_access(file)
    # Each entry as the file has it, without the headings between them.
    entries = re.findall(r"^\[\[grants\]\]\n.*?(?=\n\n)", file.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    shown = zip(entries, access.grants, strict=True)
    return _KINDS_HEAD + "".join(_kind(entry, grant, access) for entry, grant in shown)


_KINDS_HEAD = """\
# One grant of each kind, and the policies that it becomes

Written by `make docs` from [tests/kinds.toml](../tests/kinds.toml), which the template tests and the tests in the local
accounts use too. `NEW-KEY` stands for the ARN of a key that the stack makes. A caller needs the last policy of each
entry in its own account: DevLambdaStack gives it to the function, DevCallersStack to the users and roles of `[dev]` and
`[[accounts]]`; anyone else gets it from that account's administrator, and a token of an identity provider needs none.
"""


def _kind(entry: str, grant: Grant, access: Access) -> str:
    prod = access.prod
    keys = {name: "NEW-KEY" if key == "new" else key for name, key in access.keys(grant).items()}
    policies = {"the trust policy": trust_policy(grant, prod, access.identity_providers)}
    policies |= inline_policies(grant, prod, keys)
    others = [each for each in grant.principals if each.kind is not PrincipalKind.FEDERATED]
    users = [each for each in others if each.kind is PrincipalKind.USER]
    if others:
        own = caller_statements(prod, grant, users=bool(users), roles=len(users) < len(others))
        policies["the caller's own policy"] = document(own)
    blocks = [f"{name}:\n\n{_fenced('json', json.dumps(policy, indent=2))}" for name, policy in policies.items()]
    return "\n".join([f"\n## {grant.name}\n", _fenced("toml", entry), *blocks])


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


def _table(heading: str, model: type[BaseModel]) -> str:
    rows = [f"| `{name}` | {field.description} | {_default(field)} |" for name, field in model.model_fields.items()]
    return "\n".join([f"\n{heading}\n", "| key | what it says | left out |", "|---|---|---|", *rows, "\n"])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "" if value in (None, (), "", {}) else f"`{json.dumps(value)}`"


def tried() -> str:
    """Return what `make try` printed when docs/try.json was written, as a terminal of 80 columns shows it."""
    run = json.loads(TRIED.read_text(encoding="utf-8"))
    console = Console(record=True, width=80, file=StringIO(), force_terminal=True, color_system="standard", _environ={})
    print_whole(console, "$ make try")
    for step in run["steps"]:
        print_step(console, step["title"], f"{step['seconds']} s")
    console.print()
    print_checks(console, [Check(**{key: each[key] for key in each if key != "ok"}) for each in run["checks"]])
    picture = console.export_svg(title="make try", unique_id="try")
    # A page that shows a picture lets it fetch no fonts.
    return re.sub(r" *@font-face \{.*?\}\n", "", picture, flags=re.DOTALL) + "\n"


def report_page(templates: Path | None = None) -> str:
    """Return the page of `crossrole report` for the committed access.toml, on one day and without its history."""
    with Pen() as pen:
        report = report_of(read_assembly(templates), NOTHING, datetime(2026, 11, 24, tzinfo=UTC))
        return page_of(report, pen.drawings(figures_of(report)))


def shown_by(page: str) -> str:
    """Return the hash of all that the picture of a page follows from, but the browser."""
    return sha256(page.encode() + _SCREENSHOT.read_bytes()).hexdigest() + "\n"


def _write_picture_of_report() -> None:
    page = report_page()
    if REPORT.exists() and shown_by(page) == REPORT_OF.read_text(encoding="utf-8"):
        return  # another browser's would differ in nothing that matters
    with NamedTemporaryFile("w", encoding="utf-8", suffix=".html") as file:
        file.write(page)
        file.flush()
        subprocess.run(["node", _SCREENSHOT, file.name, REPORT], check=True)  # noqa: S603, S607 all ours
    REPORT_OF.write_text(shown_by(page), encoding="utf-8")


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
    KINDS.write_text(kinds(), encoding="utf-8")
    CONFIGURATION.write_text(configuration(CONFIGURATION.read_text(encoding="utf-8")), encoding="utf-8")
    LINT.write_text(lint(LINT.read_text(encoding="utf-8")), encoding="utf-8")
    OWN_FUNCTION.write_text(own_function(OWN_FUNCTION.read_text(encoding="utf-8")), encoding="utf-8")
    TRY.write_text(tried(), encoding="utf-8")
    _write_picture_of_report()
