"""The report as one HTML file, which needs no network and no script."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crossrole.report.drawing import Drawing
from crossrole.report.model import Report
from crossrole.report.words import Name, Prose

_HERE = Path(__file__).parent


def page_of(report: Report, drawings: Sequence[Drawing]) -> str:
    """Return the page; every text in it is escaped but the style and the drawings, which the library escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests |= {
        "name": lambda value: isinstance(value, Name),
        "prose": lambda value: isinstance(value, Prose),
    }
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    # The page allows only this style, by its hash: injected styles and scripts do nothing.
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        environment.get_template("page.html.jinja")
        .render(
            report=report,
            drawings=drawings,
            style=Markup(style),  # noqa: S704 our own
            style_hash=Markup(f"sha256-{digest}"),  # noqa: S704 our own
        )
        .lstrip()
    )
