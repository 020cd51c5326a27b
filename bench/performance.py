"""Measure all, and write the figures and the plot into docs/performance.md: `make bench`."""

import platform
import re
import ssl
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from importlib import metadata
from os import cpu_count, getloadavg
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench import batch, cold, faults, warm
from bench.measuring import CHECKOUT, Table

PAGE = CHECKOUT / "docs" / "performance.md"
PLOT = PAGE.with_suffix(".svg")
_FIGURES = re.compile(r"(?<=<!-- figures: make bench -->\n).*(?=<!-- end of figures -->)", re.DOTALL)
_MEASURED = ("boto3", "botocore", "urllib3", "awslambdaric", "aws-assume-role-lib", "boto3-assume", "obstore")
_WIDTH, _BAR, _LEFT = 860, 22, 320


def main() -> None:
    """Measure and write."""
    tables = [warm.measure(), *cold.measure(), batch.measure()]
    PLOT.write_text(plot(tables))
    sections = [*(table.markdown() for table in tables), faults.markdown(faults.measure())]
    text = "\n".join([machine(), "", f"![the ratios]({PLOT.name})", "", *sections, ""])
    PAGE.write_text(_FIGURES.sub(lambda _: text, PAGE.read_text()))
    sys.stdout.write(text)


def machine() -> str:
    """Say when, on what, and of which versions."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _MEASURED)
    return (
        f"Measured on {datetime.now(UTC):%d %B %Y} on one machine: {cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}, Python {platform.python_version()}, {ssl.OPENSSL_VERSION}; {versions}. "
        f"At the end {getloadavg()[2]:.0f} processes had wanted its cores for a quarter of an hour, these among them: "
        "where that is more than the cores, look at the ratio of the processor's time, which is the steadier one."
    )


def plot(tables: Sequence[Table]) -> str:
    """Draw each row's ratio to the first row as a bar; the longest bar of a table fills the width."""
    parts: list[str] = []
    y = 10
    for table in tables:
        y += 30
        parts.append(f'<text x="10" y="{y}" font-weight="bold">{escape(table.title)}</text>')
        y += 10
        ratios = [(row.name, table.ratio(row).clock) for row in table.rows]
        scale = (_WIDTH - _LEFT - 80) / max(ratio for _, ratio in ratios)
        for name, ratio in ratios:
            colour = "#0b6e4f" if "writer" in name else "#8a8f98"
            middle, long = y + _BAR * 0.65, ratio * scale
            parts += [
                f'<text x="{_LEFT - 10}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>',
                f'<rect x="{_LEFT}" y="{y + 3}" width="{max(1, long):.0f}" height="{_BAR - 6}" fill="{colour}"/>',
                f'<text x="{_LEFT + long + 6:.0f}" y="{middle:.0f}">{ratio:.3g}</text>',
            ]
            y += _BAR
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y + 20}" font-family="sans-serif"'
    return "\n".join([f'{head} font-size="13">', '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"])


if __name__ == "__main__":
    main()
