"""A code of an MFA device, asked for on the terminal: never an argument, never shown."""

import getpass
import re
from pathlib import Path

from crossrole.errors import CommandError


def device_named_after(user: str) -> str:
    """Return the ARN that the MFA device of a user has where it was named after the user, as the console suggests."""
    return f"{user.partition(':user/')[0]}:mfa/{user.rpartition('/')[2]}"


def read_code(device: str) -> str:
    """Return the six digits that the person types; raises `CommandError` where there is no terminal, or no six digits.

    The prompt is the AWS CLI's own.
    """
    try:
        with Path("/dev/tty").open("rb"):
            code = getpass.getpass(f"Enter MFA code for {device}: ").strip()
    except (OSError, EOFError):
        raise CommandError("the grant asks for an MFA code, and there is no terminal to ask for it") from None
    if not re.fullmatch(r"[0-9]{6}", code):
        raise CommandError("an MFA code is six digits; call again with the one that the device shows")
    return code
