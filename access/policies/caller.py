"""The caller's own policy: what a principal in another account needs to assume a grant's role."""

from access.environment import Environment
from access.grant import Grant
from access.policies.document import Conditions, Statement, allow, recent_mfa
from crossrole.escaping import quoted


def assume_role_statement(prod: Environment, *grants: Grant) -> Statement:
    """Return the statement that a caller's own policy needs: AssumeRole on exactly the roles of these grants.

    Grants share a statement only where they ask for the same MFA, as those of one role do: roles have none.
    """
    return allow(
        "AssumeGrantRole",
        action=["sts:AssumeRole"],
        resource=[prod.role_arn(grant.path_and_name) for grant in grants],
        conditions=recent_mfa(grants[0]),
    )


def source_identity_statement(prod: Environment, grant: Grant, *, of_users: bool) -> Statement:
    """Return what a caller's own policy needs to set a source identity: a user's, to set no name but its own.

    A statement of its own: without the MFA condition, which is for the sts:AssumeRole that must be allowed beside it.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    own_name: Conditions = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}
    return allow(
        "SetSourceIdentity",
        action=["sts:SetSourceIdentity"],
        resource=[prod.role_arn(grant.path_and_name)],
        conditions=own_name if of_users else {},
    )


def assume_role_command(grant: Grant, prod: Environment) -> str:
    """Return the AWS CLI line that assumes the role; `$…` stands for what only the caller knows."""
    words = [
        *("aws", "sts", "assume-role", "--role-arn", prod.role_arn(grant.path_and_name)),
        *("--role-session-name", '"${USER:-crossrole}"', "--duration-seconds", str(grant.max_session)),
    ]
    if grant.external_id:
        words += ["--external-id", quoted(grant.external_id)]
    if grant.mfa_max_age is not None:
        words += ["--serial-number", '"$MFA_SERIAL"', "--token-code", '"$MFA_CODE"']
    return " ".join(words)
