"""The profile for `~/.aws/config` that makes every SDK and the AWS CLI assume a grant's role by themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crossrole.errors import CommandError, nearest
from crossrole.live.caller import session_name
from crossrole.live.mfa import device_named_after
from crossrole.templates.grant import Grant
from crossrole.templates.identity_providers import issuer_of

_NAME = re.compile(r"[\w+=,.@:/][\w+=,.@:/-]*", re.ASCII)
# Keys of a profile whose credentials are those of a role, or may be: what they assume ends after an hour.
_OF_A_ROLE = (
    *("role_arn", "sso_session", "sso_account_id", "sso_start_url", "web_identity_token_file"),
    *("credential_process", "aws_session_token", "login_session"),
)
# SDKs take these from the profile itself and never from its source_profile.
# https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
_REACH = ("ca_bundle", "endpoint_url", "services")


@dataclass(frozen=True)
class RoleProfile:
    """A profile to add, and what is worth knowing about it."""

    name: str
    keys: Mapping[str, str]
    hints: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The lines for the config file; the first is empty, whatever the file ends with."""
        return ["", f"[profile {self.name}]", *(f"{key} = {value}" for key, value in self.keys.items())]


def role_profile(
    grant: Grant,
    profiles: Mapping[str, Mapping[str, str]],
    *,
    source: str,
    name: str | None,
    mfa_serial: str | None,
    login: str,
) -> RoleProfile:
    """Return the profile of a grant on top of the profile `source`, one of those that there are.

    `login` is the person's name on this machine. Raises `CommandError` for a profile that can't work or is ambiguous.
    """
    check_principals(grant)
    keys_below = below(source, profiles)
    if (name or grant.name) == source:
        raise CommandError(f'a profile can\'t be its own source: give another name than "{source}" with --name')
    name = _free_name(grant, profiles, name)
    hints = []
    user = _only_user(grant)
    serial = None
    if grant.mfa_max_age is not None:
        serial = mfa_serial or keys_below.get("mfa_serial") or (device_named_after(user) if user else None)
        if serial is None:
            raise CommandError(f"{grant.name} asks for an MFA code: give the ARN of your device with --mfa-serial")
        if not mfa_serial and "mfa_serial" not in keys_below:
            hints.append(f"mfa_serial is the name that the console suggests for {user}; if it is another: --mfa-serial")
    longest = grant.longest_session(chained=chains(keys_below))
    if longest < grant.max_session:
        hints.append(f"{source} has a role's credentials or may have, so a session lasts {longest} seconds at most")
    if grant.disabled:
        hints.append(f"{grant.name} is disabled: nobody can assume it now")
    optional = {"external_id": grant.external_id, "mfa_serial": serial}
    keys = {
        "role_arn": grant.arn,
        "source_profile": source,
        **{key: value for key, value in optional.items() if value},
        "role_session_name": session_name(user.rpartition("/")[2] if user else login),
        "duration_seconds": str(longest),
        "region": grant.region,
        "sts_regional_endpoints": "regional",
        **{key: str(keys_below[key]) for key in _REACH if key in keys_below},
    }
    _check_lines(keys)
    return RoleProfile(name, keys, tuple(hints))


def token_profile(
    grant: Grant, profiles: Mapping[str, Mapping[str, str]], *, token_file: str, name: str | None, login: str
) -> RoleProfile:
    """Return the profile of a grant for who has an identity provider's token in a file, as in a pod.

    https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web.html
    """
    if not any(":oidc-provider/" in each for each in grant.federations):
        raise CommandError(f"{grant.name} trusts no token of an OpenID Connect provider; give --source-profile")
    keys = {
        "role_arn": grant.arn,
        "web_identity_token_file": token_file,
        "role_session_name": session_name(login),
        "duration_seconds": str(grant.max_session),
        "region": grant.region,
        "sts_regional_endpoints": "regional",
    }
    _check_lines(keys)
    hints = [f"{grant.name} is disabled: nobody can assume it now"] if grant.disabled else []
    return RoleProfile(_free_name(grant, profiles, name), keys, tuple(hints))


def check_principals(grant: Grant) -> None:
    """Raise `CommandError` for a grant that trusts no IAM principal: no credentials of AWS assume its role."""
    if grant.federations and not grant.principals:
        raise CommandError(
            f"{grant.name} trusts tokens of {' and '.join(map(issuer_of, grant.federations))} alone, and no IAM "
            "principal: where the token is in a file, crossrole profile GRANT --web-identity-token-file FILE; in "
            f"GitHub's workflows, aws-actions/configure-aws-credentials with role-to-assume: {grant.arn}"
        )


def _free_name(grant: Grant, profiles: Mapping[str, Mapping[str, str]], name: str | None) -> str:
    name = name or grant.name
    if not _NAME.fullmatch(name):
        raise CommandError(
            f'"{name}" is not a valid profile name; expected letters, digits and _+=,.@:/- without spaces'
        )
    if name in profiles:
        raise CommandError(f'there is a profile "{name}" already, and a second would be ambiguous; give another --name')
    return name


def below(source: str, profiles: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Return the keys of the profile whose credentials assume a role; raises `CommandError` where there is none."""
    if source not in profiles:
        raise CommandError(f'there is no profile "{source}"{nearest(source, profiles) or _listed(profiles)}')
    return profiles[source]


def chains(profile: Mapping[str, str]) -> bool:
    """Return whether a profile's credentials are a role's, or may be."""
    return any(key in profile for key in _OF_A_ROLE)


def _check_lines(keys: Mapping[str, str]) -> None:
    """Raise `CommandError` for a value that would be more than the rest of its line, or less."""
    for key, value in keys.items():
        if not value.isprintable() or value != value.strip():
            raise CommandError(f"{key} is {value!r}, which no config file can hold; look at the templates")


def _listed(profiles: Mapping[str, Mapping[str, str]]) -> str:
    return f"; the profiles are {', '.join(profiles)}" if profiles else "; make it with: aws configure sso"


def _only_user(grant: Grant) -> str | None:
    users = [each for each in grant.principals if ":user/" in each]
    return users[0] if len(users) == 1 else None
