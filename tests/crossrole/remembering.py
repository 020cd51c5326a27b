"""The simulator, with all that it was asked: for tests of how often it is asked, and about which callers."""

from collections.abc import Sequence

from crossrole.engines.simulator import Decision, Request, Simulator


class Remembering(Simulator):
    """The simulator, which keeps each batch of requests that reaches the engine."""

    def __init__(self) -> None:
        """Nothing has been asked."""
        super().__init__()
        self.batches: list[Sequence[Request]] = []

    def decide(self, requests: Sequence[Request]) -> list[Decision]:
        """Keep the requests; without any, the engine is not asked."""
        self.batches += [requests] if requests else []
        return super().decide(requests)
