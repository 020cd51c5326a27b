"""Draws the graphs as SVG that a page can hold: with a text alternative, and without styles of its own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any
from xml.etree import ElementTree as ET

from crossrole.engines.process import Worker, node_command
from crossrole.iam.arn import account_of
from crossrole.report.allowed import EVERY_BUCKET, Access
from crossrole.report.callers import Caller
from crossrole.report.model import GrantFacts, Report
from crossrole.report.words import Name, Words, listed, plain

ROLES_PER_DRAWING = 12
"""More do not fit on a screen or a printed page."""


_KINDS = {"account": "everyone its policies allow", "everyone": "any account", "unit": "organizational unit"}


Graph = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """One drawing before it is drawn."""

    title: Words
    description: Words
    graph: Graph


_SVG = "{http://www.w3.org/2000/svg}"


_KEPT = {f"{_SVG}{name}" for name in ("svg", "g", "path", "polygon", "polyline", "ellipse", "text")}


_DROPPED = {"id", "style", "fill", "stroke", "font-family", "font-size", "text-decoration"}


@dataclass(frozen=True)
class Drawing:
    """A drawing for the page."""

    title: Words
    svg: str


class Pen(Worker):
    """The process that draws: `drawing.mjs`."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        super().__init__("drawing library")

    def command(self) -> list[str]:
        """Return the command that starts it."""
        return node_command(Path(__file__).with_name("drawing.mjs"))

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


_LONGEST, _LONGEST_KEY, _EDGE = 40, 21, 24


def figures_of(report: Report) -> list[Figure]:
    """Return the drawings: one of everything if it is readable, else one of each bucket, in parts if need be."""
    if len(report.grants) <= ROLES_PER_DRAWING:
        return [_figure(("All grants",), report.grants)] if report.grants else []
    by_bucket: dict[str, list[GrantFacts]] = {}
    for grant in report.grants:
        by_bucket.setdefault(grant.accesses[0].bucket if grant.accesses else "", []).append(grant)
    return [figure for bucket, grants in by_bucket.items() for figure in _of_bucket(bucket, grants)]


def _of_bucket(bucket: str, grants: list[GrantFacts]) -> Iterator[Figure]:
    what = {"": ("No bucket",), EVERY_BUCKET: ("Every bucket",)}.get(bucket, ("The bucket ", Name(bucket)))
    # Callers that share roles stand together, so that arrows seldom cross and parts seldom share a caller.
    ordered = sorted(grants, key=lambda grant: [caller.principal for caller in grant.callers])
    parts = -(-len(ordered) // ROLES_PER_DRAWING)
    size = -(-len(ordered) // parts)
    for number in range(parts):
        title = (*what, f", part {number + 1} of {parts}") if parts > 1 else what
        yield _figure(title, ordered[number * size : (number + 1) * size])


def _figure(title: Words, grants: Sequence[GrantFacts]) -> Figure:
    described = listed((*grant.who, " may assume ", grant.name) for grant in grants)
    return Figure(title, described, _graph(grants))


def _graph(grants: Sequence[GrantFacts]) -> Graph:
    nodes: dict[str, dict[str, Node]] = {}
    edges: list[Graph] = []
    for grant in grants:
        own = nodes.setdefault(grant.account, {})
        for caller in grant.callers:
            node = _caller(caller)
            nodes.setdefault(caller.account, {})[node.key] = node
            edges.append(_edge(node.key, grant.arn, _conditions(caller), "assumes", usable=grant.state.usable))
        note = "role" if grant.state.label == "active" else f"role, {grant.state.label}"
        own[grant.arn] = Node(grant.arn, (grant.name, note), "box", "role" if grant.state.usable else "role shut")
        for access in grant.accesses:
            bucket = f"bucket {access.bucket}"
            name = "every bucket" if access.bucket == EVERY_BUCKET else access.bucket
            own[bucket] = Node(
                bucket, (name, "bucket" if name == access.bucket else "of the account"), "cylinder", "bucket"
            )
            edges.append(_edge(grant.arn, bucket, _access(access), "reaches", usable=grant.state.usable))
            for key in grant.keys:
                nodes.setdefault(account_of(key), {})[key] = Node(
                    key, (_label(key.rpartition("/")[2], _LONGEST_KEY), "key"), "note", "key"
                )
                edges.append(_edge(bucket, key, "encrypted with", "uses", usable=True))
    return {
        "directed": True,
        "graphAttributes": {
            "rankdir": "LR",
            "bgcolor": "transparent",
            "nodesep": 0.22,
            "ranksep": 0.6,
            "pad": 0.1,
            **_FONT,
        },
        "nodeAttributes": {**_FONT, "margin": "0.18,0.07", "height": 0.3},
        "edgeAttributes": {**_FONT, "fontsize": 11, "arrowsize": 0.7},
        "nodes": [each.drawn for each in nodes.get("", {}).values()],
        "subgraphs": [_account(account, each.values()) for account, each in nodes.items() if account],
        "edges": [each for number, each in enumerate(edges) if each not in edges[:number]],
    }


# Every monospaced font is as wide as this one, so that text fits its box whatever fonts a reader has.
_FONT = {"fontname": "Courier", "fontsize": 12}


@dataclass(frozen=True)
class Node:
    """One thing in the drawing: its text says what it is, not only its shape or colour."""

    key: str
    lines: tuple[str, ...]
    shape: str
    classes: str

    @property
    def drawn(self) -> Graph:
        """The node as the drawing library takes it."""
        label = "\n".join(map(_label, self.lines))
        return {"name": self.key, "attributes": {"label": label, "shape": self.shape, "class": self.classes}}


def _account(account: str, nodes: Iterable[Node]) -> Graph:
    attributes = {"label": _label(f"account {account}"), "labeljust": "l", "class": "account", "margin": 14}
    return {"name": f"cluster {account}", "graphAttributes": attributes, "nodes": [each.drawn for each in nodes]}


def _caller(caller: Caller) -> Node:
    name = caller.name if caller.kind != "account" else f"account {caller.account}"
    lines = ("everyone in AWS",) if caller.kind == "everyone" else (name, _KINDS.get(caller.kind, caller.kind))
    return Node(f"{caller.kind} {caller.principal} {caller.name}", lines, "box", "caller")


def _edge(tail: str, head: str, label: str, kind: str, *, usable: bool) -> Graph:
    style = {"class": kind} if usable else {"class": f"{kind} shut", "style": "dashed"}
    return {"tail": tail, "head": head, "attributes": {"label": "\n".join(map(_label, wrap(label, _EDGE))), **style}}


def _access(access: Access) -> str:
    named = [*access.verbs, *(each.removeprefix("s3:") for each in access.exact)]
    what = ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")  # noqa: PLR2004 on one line
    return f"{what} {access.prefix}" if access.prefix else what


def _conditions(caller: Caller) -> str:
    words = {
        "sends the external id ": "external id",
        "belongs to the organization ": "organization",
        "comes from ": "addresses",
    }
    short = [
        words.get(each[0]) or next((word for key, word in _SHORT.items() if each[0].startswith(key)), "condition")
        for each in caller.conditions
    ]
    return ", ".join(dict.fromkeys(short))


_SHORT = {"entered an MFA code": "MFA", "signed in with MFA": "MFA", "asks before": "expiry"}


def _label(text: str, longest: int = _LONGEST) -> str:
    """Return a text that the library takes literally: it would resolve backslashes and HTML entities."""
    short = text if len(text) <= longest else f"{text[: longest // 2]}…{text[-(longest // 2) + 1 :]}"
    return short.replace("\\", "\\\\").replace("&", "&amp;")
