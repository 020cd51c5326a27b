"""Where the emulator (ministack 1.5.33) answers otherwise than AWS does, and the few lines that put it right.

This is the one place that knows these faults. The product's templates never bend to them: they are written for AWS,
and what stays wrong here is asserted on the template instead.
"""

from sandbox.patches import access, deployments, services, sessions, tags, tokens


def apply() -> None:
    """Put every patch in place; once, before the first request."""
    for each in (access, sessions, tags, tokens, services, deployments):
        each.apply()
