"""Assuming a role: the session's name, duration, region and caller."""

from crossrole.explain.catalogue.model import CALL, DEV, IAM_GUIDE, STS_API, Cause, Trouble, said
from crossrole.iam.quotas import LONGEST_SESSION

TROUBLES = (
    Trouble(
        "root-may-not-assume",
        "an account's root user can't assume a role.",
        said(r"Roles may not be assumed by root accounts"),
        f"{STS_API}/API_AssumeRole.html",
        (
            Cause(
                DEV,
                "the profile or the environment holds the access key of the account's root user",
                "aws sts get-caller-identity --query Arn --profile dev",
                "sign in as a user or a role: `aws configure sso --profile dev`, and delete the root user's access key",
            ),
        ),
    ),
    Trouble(
        "chaining-over-an-hour",
        "a role that assumes a role gets at most one hour.",
        said(r"exceeds the 1 hour session limit for roles assumed by role chaining"),
        f"{IAM_GUIDE}/id_roles.html#iam-term-role-chaining",
        (
            Cause(
                CALL,
                "more than 3600 seconds were asked for with the credentials of a role (a function, Identity Center "
                "and CI always have these)",
                "aws sts get-caller-identity --query Arn --profile dev",
                "ask for 3600 or less: duration_seconds = 3600 in the profile, or --duration-seconds 3600",
            ),
            Cause(
                CALL,
                "a person who needs longer sessions called through a role",
                "aws configure get role_arn --profile {caller_profile}",
                "start from an IAM user's access key: `python -m crossrole profile {grant} --source-profile "
                "{caller_profile}`",
            ),
        ),
    ),
    Trouble(
        "over-max-session",
        "more seconds were asked for than the role gives.",
        said(r"DurationSeconds exceeds the MaxSessionDuration"),
        f"{IAM_GUIDE}/id_roles_update-role-settings.html",
        (
            Cause(
                CALL,
                "the call or the profile asks for more than the role's maximum",
                "aws iam get-role --role-name {role_name} --query Role.MaxSessionDuration --profile prod",
                "ask for less (--duration-seconds, duration_seconds), or access.toml, [[grants]] {grant}: set a larger "
                f"max_session, at most {LONGEST_SESSION}",
            ),
        ),
    ),
    Trouble(
        "session-name-invalid",
        "the role session name has a character or a length that STS does not accept.",
        said(r"roleSessionName'? failed to satisfy constraint", r"Invalid length for parameter RoleSessionName"),
        f"{STS_API}/API_AssumeRole.html",
        (
            Cause(
                CALL,
                "it has a space, a slash, a colon or a bracket, or is not of 2 to 64 characters; often it is made of "
                "a branch's or a person's name",
                "printf %s NAME | tr -c 'A-Za-z0-9+=,.@_-' '-' | cut -c -64",
                "use what that prints, as role_session_name or --role-session-name",
            ),
        ),
    ),
    Trouble(
        "sts-region-off",
        "STS is not active in that region for the account whose credentials were used.",
        said(r"RegionDisabledException", r"STS is not activated in this region"),
        f"{IAM_GUIDE}/id_credentials_temp_enable-regions.html",
        (
            Cause(
                DEV,
                "the region is opt-in, or the account's administrator has switched STS off there",
                "aws account get-region-opt-status --region-name {region} --profile dev",
                "enable it (IAM, Account settings, Security Token Service), or set another region in the profile",
            ),
        ),
    ),
    Trouble(
        "external-id-malformed",
        "the external ID has a character or a length that STS does not accept.",
        said(r"externalId'? failed to satisfy constraint", r"Invalid length for parameter ExternalId"),
        f"{STS_API}/API_AssumeRole.html",
        (
            Cause(
                CALL,
                "it is not 2 to 1224 letters, digits and +=,.@:/-; often a variable is empty",
                "python -m crossrole profile {grant} --source-profile {caller_profile}",
                "send the external_id that this shows",
            ),
        ),
    ),
)
