"""MFA devices, and the codes that they show."""

from collections.abc import Callable

import boto3
from botocore.config import Config

from crossrole.errors import CommandError
from crossrole.live.caller import Caller
from crossrole.live.sessions import as_command_error, client, reach_of
from crossrole.templates.grant import Grant

# A caller that may not ask IAM, or can't reach it, is not to wait for it: there is another way to name the device.
_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=2, read_timeout=5)


def mfa_code(
    session: boto3.Session,
    caller: Caller | None,
    grant: Grant,
    read_code: Callable[[str], str],
    *,
    profile: str | None,
    device: str | None = None,
) -> dict[str, str]:
    """Return the parameters of STS for a code of the caller's device; none where the grant asks for none of the caller.

    `device` goes before every other way to name it. Raises `CommandError` where nobody can be asked for the code.
    """
    if grant.mfa_max_age is None or caller is None or caller.is_role:
        return {}
    serial = device or _device(session, caller, profile)
    return {"SerialNumber": serial, "TokenCode": read_code(serial)}


def device_named_after(user: str) -> str:
    """Return the ARN that the MFA device of a user has where it was named after the user, as the console suggests."""
    return f"{user.partition(':user/')[0]}:mfa/{user.rpartition('/')[2]}"


def _device(session: boto3.Session, caller: Caller, profile: str | None) -> str:
    """Return the ARN of a user's device: the profile's, else the first that IAM lists, else the one of its name."""
    if named := reach_of(profile).mfa_serial:
        return named
    try:
        with as_command_error(profile):
            listed = client(session, "iam", config=_ONCE).list_mfa_devices(UserName=caller.user_name)["MFADevices"]
            # STS takes no code of a security key.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_fido_supported_configurations.html
            serials = [str(each["SerialNumber"]) for each in listed if ":u2f/" not in each["SerialNumber"]]
    except CommandError:
        serials = []
    return serials[0] if serials else device_named_after(caller.arn)
