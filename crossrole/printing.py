"""What a person reads: colour and the terminal's width at a terminal, plain text in a pipe or a file.

What a shell evaluates, and JSON, never come through here. `rich` is loaded only where a terminal is written to.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, TextIO

from crossrole.escaping import visible

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"ok": "green", "denied": "red", "unknown": "yellow", "heading": "bold"}
"""How the groups of these names look: a pattern of a command's words marks with them how something stands."""

_WITHOUT_TERMINAL = 80
# In backticks, or up to the end of the line where a command begins after a colon.
_COMMAND = re.compile(r"`(?:'[^']*'|[^`'])*`|(?:^|(?<=: ))(?:(?:python -m )?crossrole|aws|cdk|make) [a-z].*$")
# The indentation, and one or two columns of short words: what follows begins below the text, not below the columns.
_COLUMNS = re.compile(r" *(?:[\w.-]+(?: \w+)? {2,}){0,2}")
# No text that is printed holds one.
_KEPT_SPACE = "\0"


def terminal_width(stream: TextIO, variables: Mapping[str, str]) -> int | None:
    """Return how many columns the terminal has; None where the stream is not a terminal."""
    return console_on(stream, variables).width if stream.isatty() else None


def shown(lines: Sequence[str], marks: re.Pattern[str] | None, stream: TextIO, variables: Mapping[str, str]) -> str:
    """Return lines as the stream gets them: at a terminal folded to its width, and coloured where `marks` has a group.

    A line break inside a line is not the program's own: it is escaped, as all that does not print. Colour stays away
    under NO_COLOR and where TERM is dumb.
    """
    safe = list(map(visible, lines))
    if not stream.isatty():
        return "\n".join(safe)
    from rich.text import Text  # noqa: PLC0415 see above

    console = console_on(stream, variables)
    page = Text("\n".join(line for each in safe for line in _folded(each, console.width)))
    for match in marks.finditer(page.plain) if marks else ():
        for name in match.groupdict():
            page.stylize(STYLES[name], *match.span(name))
    with console.capture() as captured:
        console.print(page, end="", soft_wrap=True)
    return captured.get()


def wrapped(head: str, text: str, width: int | None, *, indent: int) -> list[str]:
    """Return a text below its head, at most as wide as the terminal, or 80 columns where `width` is None.

    ARNs, other long words and commands stay whole.
    """
    kept = _COMMAND.sub(lambda match: match[0].replace(" ", _KEPT_SPACE), visible(text))
    lines = wrap(
        kept,
        width or _WITHOUT_TERMINAL,
        initial_indent=head,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_KEPT_SPACE, " ") for line in lines]


def _folded(line: str, width: int) -> Iterator[str]:
    if len(line) <= width:
        yield line
        return
    columns = _COLUMNS.match(line)
    head = columns[0] if columns else ""
    yield from wrapped(head, line[len(head) :], width, indent=len(head) + (0 if head.strip() else 2))


def console_on(stream: TextIO, variables: Mapping[str, str]) -> "Console":
    """Return what prints to a stream: coloured at a terminal, unless NO_COLOR is set or TERM is dumb."""
    from rich.console import Console  # noqa: PLC0415 see above

    # Without `None` there would still be bold under NO_COLOR.
    colours = None if variables.get("NO_COLOR") else "auto"
    return Console(file=stream, force_terminal=stream.isatty(), color_system=colours, _environ=variables)  # type: ignore[arg-type]
