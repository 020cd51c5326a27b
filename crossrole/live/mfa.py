"""MFA devices."""


def device_named_after(user: str) -> str:
    """Return the ARN that the MFA device of a user has where it was named after the user, as the console suggests."""
    return f"{user.partition(':user/')[0]}:mfa/{user.rpartition('/')[2]}"
