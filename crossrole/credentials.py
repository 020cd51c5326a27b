"""Credentials in the environment variables, which the processes that commands start must not see."""

import os


def without_credentials() -> dict[str, str]:
    """Return this process's environment variables without AWS's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
