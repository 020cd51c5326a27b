"""Draws the graphs as SVG that a page can hold: with a text alternative, and without styles of its own.

Beside each graph stand the same chains one below another, for a screen that the graph would be too small on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any
from xml.etree import ElementTree as ET

from crossrole.engines.process import Worker, node_command
from crossrole.iam.arn import account_of
from crossrole.report.access import EVERY, Access
from crossrole.report.callers import Caller
from crossrole.report.model import GrantFacts, Report
from crossrole.report.openings import Opening
from crossrole.report.patterns import is_pattern
from crossrole.report.words import Name, Names, Words, bucket_of, listed, plain

ROLES_PER_DRAWING = 12
"""More do not fit on a screen or a printed page."""


_KINDS = {"account": "everyone its policies allow", "unit": "organizational unit"}


Graph = dict[str, Any]


@dataclass(frozen=True)
class Box:
    """One thing in a chain: its name and what it is."""

    name: Words
    kind: Words
    label: str = ""
    """What stands at the arrow to it, or from it where it is a caller."""


@dataclass(frozen=True)
class Chain:
    """Who reaches what through one role, or without one."""

    callers: tuple[Box, ...]
    role: Box | None
    reached: tuple[Box, ...]
    usable: bool

    @property
    def labels(self) -> str:
        """What stands at the arrow from the callers."""
        return ", ".join(dict.fromkeys(filter(None, (each.label for each in self.callers))))


@dataclass(frozen=True)
class Figure:
    """One drawing before it is drawn."""

    title: Words
    description: Words
    graph: Graph
    chains: tuple[Chain, ...]


_SVG = "{http://www.w3.org/2000/svg}"


_KEPT = {f"{_SVG}{name}" for name in ("svg", "g", "path", "polygon", "polyline", "ellipse", "text")}


_DROPPED = {"id", "style", "fill", "stroke", "font-family", "font-size", "text-decoration"}


@dataclass(frozen=True)
class Drawing:
    """A drawing for the page."""

    title: Words
    svg: str
    chains: tuple[Chain, ...]


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
            Drawing(figure.title, _for_page(figure, svg, number), figure.chains)
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


def figures_of(report: Report) -> list[Figure]:
    """Return the drawings: one of everything if it is readable, else one of each bucket, in parts if need be."""
    opened = [each for each, _ in report.openings if ":s3:" in each.resource]
    if len(report.grants) <= ROLES_PER_DRAWING:
        parts = [_Part(("All grants",), report.grants, opened)] if report.grants or opened else []
    else:
        parts = list(_by_bucket(report.grants, opened))
    return [_figure(each, report) for each in parts]


@dataclass(frozen=True)
class _Part:
    """What one drawing is of."""

    title: Words
    grants: Sequence[GrantFacts]
    openings: Sequence[Opening] = ()


def _by_bucket(grants: Sequence[GrantFacts], openings: Sequence[Opening]) -> Iterator[_Part]:
    of_buckets: dict[str, tuple[list[GrantFacts], list[Opening]]] = {}
    for grant in grants:
        bucket = grant.accesses[0].bucket if grant.accesses else ""
        of_buckets.setdefault(bucket, ([], []))[0].append(grant)
    for opening in openings:
        of_buckets.setdefault(bucket_of(opening.resource), ([], []))[1].append(opening)
    for bucket, (own, opened) in of_buckets.items():
        what: Words = {"": ("No bucket",), EVERY: ("Every bucket",)}.get(bucket, ("The bucket ", Name(bucket)))
        # Callers that share roles stand together, so that arrows seldom cross and parts seldom share a caller.
        ordered = sorted(own, key=lambda grant: [caller.principal for caller in grant.callers])
        parts = max(1, -(-len(ordered) // ROLES_PER_DRAWING))
        size = -(-len(ordered) // parts)
        for number in range(parts):
            title = (*what, f", part {number + 1} of {parts}") if parts > 1 else what
            yield _Part(title, ordered[number * size : (number + 1) * size], opened if number == 0 else ())


def _figure(part: _Part, report: Report) -> Figure:
    described = listed(
        [
            *((*grant.who, f"{grant.may}assume ", grant.name) for grant in part.grants),
            *((*each.caller.words, " reaches ", *each.name) for each in part.openings),
        ]
    )
    sketch = _Sketch(report.names, {each.name: each.account for each in report.buckets})
    for grant in part.grants:
        sketch.add_grant(grant)
    for opening in part.openings:
        sketch.add_opening(opening)
    return Figure(part.title, described, sketch.graph, tuple(sketch.chains))


# Every monospaced font is as wide as this one, so that text fits its box whatever fonts a reader has.
_FONT = {"fontname": "Courier", "fontsize": 12}
_LINE, _LINES, _EDGE = 24, 4, 18
"""Characters of a line in a box and at an arrow, and lines of a name."""


@dataclass
class _Sketch:
    """A graph in the making; what it is made of has numbers for names, so that nothing foreign names a part of it."""

    names: Names
    owners: Mapping[str, str]
    """The accounts of buckets, as far as the templates say them."""
    nodes: dict[str, dict[str, Graph]] = field(default_factory=dict)
    """By account, and by what each stands for."""
    edges: list[Graph] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)

    def add_grant(self, grant: GrantFacts) -> None:
        usable = grant.state.usable
        note = "role" if grant.state.label == "active" else f"role, {grant.state.label}"
        role = self._node(
            grant.account,
            grant.arn,
            [*_lines(grant.name), note],
            shape="box",
            classes="role" if usable else "role shut",
        )
        callers = []
        for caller in grant.callers:
            short = _conditions(caller)
            self._edge(self._caller(caller), role, short, "assumes", usable=usable)
            callers.append(Box(_caller_name(caller), self._kind_words(caller), short))
        reached = []
        for access in grant.accesses:
            bucket = self._bucket(access.bucket, account=grant.account if access.own else "")
            self._edge(role, bucket, _access(access), "reaches", usable=usable)
            reached.append(Box(_bucket_name(access.bucket), _bucket_kind(access.bucket), _access(access)))
            for key in grant.keys:
                name = self.names.keys.get(key)
                label = plain(name) if name else key.rpartition("/")[2]
                node = self._node(account_of(key), key, ["key", *_lines(label)], shape="note", classes="key")
                self._edge(bucket, node, "encrypted with", "uses", usable=True)
        reached += [Box(self.names.key(key), ("used through S3",), "uses") for key in grant.keys]
        self.chains.append(
            Chain(
                tuple(callers),
                Box((grant.name,), (f"{note} of ", *self.names.account(grant.account))),
                tuple(reached),
                usable,
            )
        )

    def add_opening(self, opening: Opening) -> None:
        bucket, caller = bucket_of(opening.resource), opening.caller
        self._edge(self._caller(caller), self._bucket(bucket), "without a grant", "reaches", usable=True)
        box = Box(_caller_name(caller), self._kind_words(caller), _conditions(caller))
        self.chains.append(Chain((box,), None, (Box((Name(bucket),), ("bucket",), "without a grant"),), usable=True))

    @property
    def graph(self) -> Graph:
        """The graph as the drawing library takes it."""
        return {
            "directed": True,
            "graphAttributes": {
                "rankdir": "LR",
                "bgcolor": "transparent",
                "nodesep": 0.22,
                "ranksep": 0.5,
                "pad": 0.1,
                **_FONT,
            },
            "nodeAttributes": {**_FONT, "margin": "0.15,0.07", "height": 0.3},
            "edgeAttributes": {**_FONT, "fontsize": 11, "arrowsize": 0.7},
            "nodes": list(self.nodes.get("", {}).values()),
            "subgraphs": [self._account(account, each) for account, each in self.nodes.items() if account],
            "edges": [each for number, each in enumerate(self.edges) if each not in self.edges[:number]],
        }

    def _account(self, account: str, nodes: dict[str, Graph]) -> Graph:
        label = f"account {plain(self.names.account(account))}"
        attributes = {"label": _label(label), "labeljust": "l", "class": "account", "margin": 14}
        return {"name": f"cluster {account}", "graphAttributes": attributes, "nodes": list(nodes.values())}

    def _node(self, account: str, key: str, lines: Sequence[str], *, shape: str, classes: str) -> str:
        """Return the number of what a key stands for, which is drawn once."""
        for each in self.nodes.values():
            if key in each:
                return str(each[key]["name"])
        number = f"n{sum(map(len, self.nodes.values()))}"
        label = "\n".join(map(_label, filter(None, lines)))
        attributes = {"label": label, "shape": shape, "class": classes}
        self.nodes.setdefault(account if account.isdigit() else "", {})[key] = {
            "name": number,
            "attributes": attributes,
        }
        return number

    def _caller(self, caller: Caller) -> str:
        key, name = f"{caller.kind} {caller.principal} {caller.name}", plain(_caller_name(caller))
        subjects = [line for each in caller.subjects for line in _lines(each)]
        kind = [] if caller.kind == "everyone" else [_KINDS.get(caller.kind, caller.kind)]
        lines = [*_lines(name), *subjects, *kind]
        return self._node(caller.account, f"{key} {caller.subjects}", lines, shape="box", classes="caller")

    def _bucket(self, bucket: str, *, account: str = "") -> str:
        lines = [*_lines(plain(_bucket_name(bucket))), *_bucket_kind(bucket)]
        owner = self.owners.get(bucket) or account
        return self._node(owner, f"bucket {bucket}", lines, shape="cylinder", classes="bucket")

    def _kind_words(self, caller: Caller) -> Words:
        of = (" of ", *self.names.account(caller.account)) if caller.account and caller.kind != "account" else ()
        kind = "" if caller.kind == "everyone" else _KINDS.get(caller.kind, caller.kind)
        whose = (" for ", *listed(map(Name, caller.subjects), "or")) if caller.subjects else ()
        return (kind, *of, *whose)

    def _edge(self, tail: str, head: str, label: str, kind: str, *, usable: bool) -> None:
        style = {"class": kind} if usable else {"class": f"{kind} shut", "style": "dashed"}
        text = "\n".join(map(_label, wrap(label, _EDGE)))
        self.edges.append({"tail": tail, "head": head, "attributes": {"label": text, **style}})


def _caller_name(caller: Caller) -> Words:
    if caller.kind == "everyone":
        return caller.words
    return ("account ", Name(caller.account)) if caller.kind == "account" else (Name(caller.name),)


def _bucket_name(bucket: str) -> Words:
    return ("every bucket",) if bucket == EVERY else (Name(bucket),)


def _bucket_kind(bucket: str) -> Words:
    return ("",) if bucket == EVERY else ("buckets that fit",) if is_pattern(bucket) else ("bucket",)


def _access(access: Access) -> str:
    named = [*access.verbs, *(each.removeprefix("s3:") for each in access.exact)]
    what = ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")  # noqa: PLR2004 on one line
    return Name(what if access.whole else f"{what} {access.prefix}")


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


def _lines(name: str) -> list[str]:
    """Return a name on as many lines as it takes, broken behind signs; a long one loses its middle."""
    text, most = Name(name), _LINE * _LINES
    if len(text) > most:
        text = Name(f"{text[: most // 2 - 1]}…{text[-(most // 2 - 1) :]}")
    lines = [""]
    for piece in re.findall(rf"[^-/._:=@+ ]{{0,{_LINE - 1}}}[-/._:=@+ ]|[^-/._:=@+ ]{{1,{_LINE}}}", text):
        if len(lines[-1]) + len(piece) > _LINE:
            lines.append("")
        lines[-1] += piece
    return lines


def _label(text: str) -> str:
    """Return a text that the library takes literally: it would resolve backslashes and HTML entities."""
    return Name(text).replace("\\", "\\\\").replace("&", "&amp;")
