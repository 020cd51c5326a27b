"""How many examples a property is tried on: few in everyday runs, all where CI is set."""

import os


def examples(everyday: int, *, ci: int) -> int:
    """Return the number for this run."""
    return ci if os.environ.get("CI") else everyday
