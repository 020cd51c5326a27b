"""The time that an invocation has, and the threads that work for it, so that it answers before Lambda ends it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import ContextVar
from math import inf
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError

from s3_writer.client_options import MAX_CONCURRENCY

# Seconds kept for logging and answering, which a small function's share of a processor makes long for a large batch.
_TO_ANSWER = 1.0
_OF_A_SHORT_TIME = 4  # where there is little time, no more than this part of it is kept

# When the invocation that this thread works for has to answer, by the monotonic clock.
_ends_at: ContextVar[float] = ContextVar("ends_at", default=inf)

Result = TypeVar("Result")


class DeadlineExceeded(BotoCoreError):  # noqa: N818 - the name is the code that is reported
    """No answer while the invocation had time; a `BotoCoreError`, to be reported as its timeouts are."""

    fmt = "{state} when the function's time was nearly over"


def deadline(remaining_ms: int) -> float:
    """Return when, by the monotonic clock, to stop waiting in an invocation that Lambda gives `remaining_ms` more."""
    remaining = remaining_ms / 1000
    return time.monotonic() + remaining - min(_TO_ANSWER, remaining / _OF_A_SHORT_TIME)


def stop_late(**_request: Any) -> None:
    """Raise `DeadlineExceeded` before a request that would begin after its invocation has answered.

    Registered for botocore's `before-send`, so that a call that was given up makes none of its further attempts:
    the environment may be frozen in between, and they would be sent during some later invocation.
    """
    if time.monotonic() >= _ends_at.get():
        raise DeadlineExceeded(state="not sent")


class Workers:
    """The threads of an execution environment, which wait for AWS while the invocation watches the time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(MAX_CONCURRENCY)  # starts none before its first job

    def run(self, jobs: Sequence[Callable[[], Result]], until: float) -> Iterator[tuple[int, "Future[Result]"]]:
        """Do the jobs, some at a time, and yield each one's place among them and its future as it is done.

        At `until` the rest are given up, and their futures hold `DeadlineExceeded`. A thread can't be ended from
        outside: what it has sent already may still arrive. Threads that hang are left to themselves, and other
        threads do what comes after.
        """

        def timed(job: Callable[[], Result]) -> Result:
            _ends_at.set(until)
            return job()

        with self._lock:
            threads = self._threads
            left = {threads.submit(timed, job): place for place, job in enumerate(jobs)}
        try:
            for future in as_completed(list(left), timeout=max(0, until - time.monotonic())):
                yield left.pop(future), future
        except TimeoutError:
            self._leave(threads)
            for future, place in left.items():
                late: Future[Result] = Future()
                late.set_exception(DeadlineExceeded(state="not begun" if future.cancel() else "not answered"))
                yield place, late

    def _leave(self, threads: ThreadPoolExecutor) -> None:
        with self._lock:
            if self._threads is threads:
                self._threads = ThreadPoolExecutor(MAX_CONCURRENCY)
        threads.shutdown(wait=False)
