"""What is printed for a person: as wide as the terminal, coloured there, and plain in a pipe or under NO_COLOR."""

import os
from textwrap import wrap
from typing import TextIO

from rich.console import Console
from rich.text import Text


def console_on(stream: TextIO) -> Console:
    """Return what prints to a stream."""
    # Without `None` there would still be bold under NO_COLOR.
    colours = None if os.environ.get("NO_COLOR") else "auto"
    return Console(file=stream, force_terminal=stream.isatty(), color_system=colours)  # type: ignore[arg-type]


def folded(text: str, width: int) -> list[str]:
    """Return a line as lines of this width; only a word that is longer, such as an ARN, makes one wider."""
    return wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def print_prose(console: Console, text: str) -> None:
    """Print lines, at a terminal folded between words; a pipe gets them as they are."""
    if console.is_terminal:
        text = "\n".join(line for each in text.split("\n") for line in folded(each, console.width))
    print_whole(console, text)


def print_whole(console: Console, text: str | Text, *, end: str = "\n") -> None:
    """Print lines that are to be copied, such as commands: nothing is folded."""
    console.print(Text.assemble(text), soft_wrap=True, end=end)
