"""A line and a time for each step, moving while the step runs if a person is watching."""

import shutil
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that is done."""

    title: str
    seconds: float


class Progress:
    """Writes the steps to `stream` and keeps their times."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.steps: list[Step] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show `title` at once and its time at the end, whether it ends well or not."""
        began = time.monotonic()
        over = threading.Event()
        watcher = threading.Thread(target=self._tick, args=(title, began, over), daemon=True)
        if self._stream.isatty():
            watcher.start()
        else:
            self._write(f"{title} … ")
        ending = "stopped after "
        try:
            yield
            ending = ""
        except Exception:
            ending = "failed after "
            raise
        finally:
            over.set()
            if watcher.ident:
                watcher.join()
            seconds = time.monotonic() - began
            self.steps.append(Step(title=title, seconds=round(seconds, 1)))
            self._write(f"{self._start(title)}{ending}{seconds:.1f} s\n")

    def _tick(self, title: str, began: float, over: threading.Event) -> None:
        while True:
            self._write(f"{self._start(title)}{time.monotonic() - began:.0f} s")
            if over.wait(0.5):
                return

    def _start(self, title: str) -> str:
        if not self._stream.isatty():
            return ""
        # Back to the line's beginning, and the rest of it erased; that needs the line to be one.
        room = shutil.get_terminal_size().columns - len(" … stopped after 999.9 s")
        return f"\r\x1b[K{textwrap.shorten(title, max(room, 20), placeholder='…')} … "

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
