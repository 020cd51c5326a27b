"""The environment variables of the processes that commands start."""

import os


def without_credentials() -> dict[str, str]:
    """Return this process's environment without AWS's variables, for a process that has no business with AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
