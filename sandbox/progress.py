"""A line and a time for each step, moving while the step runs if a person is watching."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rich import progress
from rich.console import Console
from rich.text import Text

from crossrole.printing import console_on
from sandbox.console import folded, print_whole


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that is done."""

    title: str
    seconds: float


class Progress:
    """Writes the steps to `stream` and keeps their times."""

    def __init__(self, stream: TextIO) -> None:
        self._console = console_on(stream, os.environ)
        self.steps: list[Step] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show `title` at once and its time at the end, whether it ends well or not."""
        began = time.monotonic()
        ending = "stopped after "
        try:
            with self._running(title):
                yield
            ending = ""
        except Exception:
            ending = "failed after "
            raise
        finally:
            seconds = time.monotonic() - began
            self.steps.append(Step(title=title, seconds=round(seconds, 1)))
            took = f"{ending}{seconds:.1f} s"
            if self._console.is_terminal:
                print_step(self._console, title, took)
            else:
                print_whole(self._console, took)

    @contextmanager
    def _running(self, title: str) -> Iterator[None]:
        if not self._console.is_terminal:
            print_whole(self._console, f"{title} … ", end="")
            yield
            return
        columns = progress.TextColumn("{task.description} …", markup=False), progress.TimeElapsedColumn()
        with progress.Progress(*columns, console=self._console, transient=True) as running:
            running.add_task(title, total=None)
            yield


def print_step(console: Console, title: str, took: str) -> None:
    """Print the line of a step that is over, for a terminal; a command in it stays whole."""
    line = f"{title} … {took}"
    text = Text("\n".join(folded(line, console.width)))
    text.highlight_regex(r"(?<=… )(stopped|failed) after", "red")
    print_whole(console, text)
