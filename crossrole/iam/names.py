"""The names of policies and statements that access.toml becomes and that commands look for."""

REVOCATION_POLICY = "AWSRevokeOlderSessions"
"""The inline policy that AWS's console writes when it revokes a role's sessions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""
DISABLED = "DenyWhileDisabled"
"""The inline policy and the Sids that deny everything while a grant is disabled."""


ACCOUNT_NAME = "crossrole:Account"
"""The key in a template's Metadata under which stands what access.toml calls the template's account."""


UNITS = "crossrole:Units"
"""The key of a StackSet's metadata under which the units that it deploys to stand with their whole paths."""


IDENTITY_PROVIDERS = "crossrole:IdentityProviders"
"""The key in a template's Metadata under which access.toml's identity providers stand: ARN and audience by name."""


def caller_policy(grant: str) -> str:
    """Return the name of the managed policy that lets a caller assume a grant's role."""
    return f"Assume-{grant}"


ALLOWED_FINDINGS = "crossrole:allow"
"""The key of a resource's metadata under which it allows findings of `crossrole lint`: the reason of each, by rule."""
