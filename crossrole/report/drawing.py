"""Draws the graphs as SVG that a page can hold: with a text alternative, and without styles of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from crossrole.report.graph import Figure
from crossrole.report.words import Words, plain
from crossrole.worker import Worker, node_command

_SVG = "{http://www.w3.org/2000/svg}"
_KEPT = {f"{_SVG}{name}" for name in ("svg", "g", "path", "polygon", "polyline", "ellipse", "text")}
_DROPPED = {"id", "style", "fill", "stroke", "font-family", "font-size", "text-decoration"}


@dataclass(frozen=True)
class Drawing:
    """A drawing for the page."""

    title: Words
    svg: str


class Pen(Worker):
    """The process that draws: `engines/draw.mjs`."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        super().__init__("drawing library")

    def command(self) -> list[str]:
        """Return the command that starts it."""
        return node_command("draw.mjs")

    def drawings(self, figures: Sequence[Figure]) -> list[Drawing]:
        """Return the figures as SVG."""
        drawn = self.ask([figure.graph for figure in figures])
        return [
            Drawing(figure.title, _for_page(figure, svg, number))
            for number, (figure, svg) in enumerate(zip(figures, drawn, strict=True), start=1)
        ]


def _for_page(figure: Figure, text: str, number: int) -> str:
    """Return the SVG with a title and a description, coloured by the page's style alone."""
    ET.register_namespace("", _SVG.strip("{}"))
    svg = ET.fromstring(text)  # noqa: S314 our own library's
    for parent in list(svg.iter()):
        for child in list(parent):
            if child.tag not in _KEPT:
                parent.remove(child)
    for element in svg.iter():
        for name in _DROPPED & element.attrib.keys():
            del element.attrib[name]
    # Points become pixels, so that text has the size that the page gives it.
    width, height = (round(float(svg.attrib[each].removesuffix("pt"))) for each in ("width", "height"))
    svg.attrib |= {
        "width": str(width),
        "height": str(height),
        "role": "img",
        "aria-labelledby": f"drawing-{number}-title drawing-{number}-description",
    }
    for name, words in reversed((("title", figure.title), ("desc", figure.description))):
        child = ET.Element(f"{_SVG}{name}", id=f"drawing-{number}-{'title' if name == 'title' else 'description'}")
        child.text = plain(words)
        svg.insert(0, child)
    return ET.tostring(svg, encoding="unicode")
