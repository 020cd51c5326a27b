"""The caller's own policy: what a principal in another account needs to assume a grant's role."""

from access.environment import Environment
from access.grant import Grant
from access.policies.document import Conditions, Statement, allow, recent_mfa, tag_keys
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


def caller_statements(prod: Environment, grant: Grant, *, users: bool, roles: bool) -> list[Statement]:
    """Return what a policy of the callers' own needs for the grant: of users, of roles, or of both."""
    statements = [assume_role_statement(prod, grant)]
    role = [prod.role_arn(grant.path_and_name)]
    # Statements of their own, without the MFA condition, which is for the sts:AssumeRole that must be allowed beside.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    if grant.source_identity and users:
        # A user sets no name but its own.
        own_name: Conditions = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}
        statements.append(allow("SetSourceIdentity", action=[_SET], resource=role, conditions=own_name))
    if grant.source_identity and roles:
        of_roles: Conditions = {"StringEquals": {"aws:PrincipalType": "AssumedRole"}} if users else {}
        sid = "SetSourceIdentityOfRoles" if users else "SetSourceIdentity"
        statements.append(allow(sid, action=[_SET], resource=role, conditions=of_roles))
    if grant.session_tags:
        statements.append(allow("TagSession", action=["sts:TagSession"], resource=role, conditions=tag_keys(grant)))
    return statements


_SET = "sts:SetSourceIdentity"


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
