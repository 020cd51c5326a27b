"""Rules about the trust in identity providers: whose tokens let in whom.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
"""

import re
from collections.abc import Iterator

from crossrole.iam.condition_keys import of_identity_provider
from crossrole.lint.documents import Condition, Statement
from crossrole.lint.kinds import TRUST
from crossrole.lint.principals import is_provider
from crossrole.lint.rule import GUIDE, IF_AWS_CHANGED, Rule
from crossrole.unknown import is_known

_GITHUB = "token.actions.githubusercontent.com"
# Of these, another claim than the subject names the customer.
_TENANT_CLAIMS = {
    "accounts.google.com": "aud",
    "api.pulumi.com/oidc": "aud",
    "cognito-identity-us-gov.amazonaws.com": "aud",
    "cognito-identity.amazonaws.com": "aud",
    "graph.facebook.com": "app_id",
    "oidc.vercel.com": "aud",
    "sandboxes.cloud": "aud",
    "www.amazon.com": "app_id",
}
# What a token says about itself, not about who has it.
_OF_EVERY_TOKEN = {"amr", "aud", "azp", "exp", "iat", "iss", "nbf"}
# For each form of a subject, what of it must stand before the first wildcard.
_FORMS = {
    "repo:": r"repo:[^/:*?]+/",
    "project_path:": r"project_path:[^/:*?]+/",
    "repository_owner:": r"repository_owner:[^:*?]+:",
    "organization:": r"organization:[^:*?]+:",
    "system:serviceaccount:": r"system:serviceaccount:[^:*?]+:",
}


def _trusts(statement: Statement) -> Iterator[tuple[str, str]]:
    """Yield the name and the host of each OpenID Connect provider that a trust policy's statement lets in."""
    if statement.document.kind != TRUST or not statement.allows or statement.has_unknown_conditions:
        return
    for kind, name in statement.principals:
        if kind == "Federated" and is_known(name) and is_provider(name) and ":saml-provider/" not in name:
            yield name, name.partition(":oidc-provider/")[2].lower() or name.lower()


def _claims(statement: Statement, host: str) -> Iterator[tuple[str, Condition]]:
    """Yield the claims of a provider that every token must have in a certain way."""
    denied = [each for each in statement.closing_conditions if each.is_known]
    for each in [*(each for each in statement.conditions if not each.parsed.negates), *denied]:
        of, _, claim = each.folded.rpartition(":")
        # IfExists is no hole here: every token has a subject.
        if of == host and each.parsed.quantifier != "ForAllValues:" and each.parsed.kind != "Null":
            yield claim, each


def _every_user(statement: Statement) -> Iterator[str]:
    if statement.document.kind != TRUST or not statement.allows or statement.body.get("Condition"):
        return
    for kind, name in statement.principals:
        if kind == "Federated" and is_provider(name) and ":oidc-provider/" not in name:
            yield f"every user of the identity provider {name} can assume it; add a condition"


def _without_subject(statement: Statement) -> Iterator[str]:
    for name, host in _trusts(statement):
        if name == host and not statement.body.get("Condition"):
            continue  # the finding of another rule
        claims = {claim for claim, _ in _claims(statement, host)}
        wanted = _TENANT_CLAIMS.get(host, "sub")
        if wanted not in claims and not claims - _OF_EVERY_TOKEN:
            who = "every workflow of everyone at GitHub" if host == _GITHUB else f"everyone with a token of {host}"
            value = "repo:ORGANIZATION/REPOSITORY:ref:refs/heads/main" if host == _GITHUB else "…"
            add = f'StringEquals {host}:{wanted} "{value}"'
            yield f"nothing tests {host}:{wanted}, so {who} can assume the role; add {add}"


def _wide_subject(statement: Statement) -> Iterator[str]:
    for _, host in _trusts(statement):
        subjects = [each for claim, each in _claims(statement, host) if claim == "sub"]
        wide = [[value for value in each.values if _is_wide(each, value)] for each in subjects]
        # All of the conditions must hold, so one that is narrow is enough.
        if wide and all(wide):
            fix = "repo:ORGANIZATION/REPOSITORY:" if host == _GITHUB else "what names your own organization or project"
            yield (
                f'{host}:sub "{wide[0][0]}" takes in the subjects of others, so they can assume the role too; begin '
                f"it with {fix}"
            )


def _is_wide(condition: Condition, value: str) -> bool:
    if "Like" not in condition.parsed.comparison or "${" in value:
        return False
    fixed = re.split("[*?]", value)[0]
    if fixed == value:
        return False
    for begin, whole in _FORMS.items():
        if fixed.startswith(begin) or begin.startswith(fixed):
            return re.match(whole, fixed) is None
    # Other subjects: a label alone, such as "workspace:", is what all have.
    return re.fullmatch("[^:/]*[:/]", fixed) is not None


def _claim_of_another(statement: Statement) -> Iterator[str]:
    trusts = list(_trusts(statement))
    hosts = [host for _, host in trusts]
    for each in statement.conditions if trusts else ():
        of, _, claim = each.key.rpartition(":")
        if of_identity_provider(each.key) and each.demands and of.lower() not in hosts:
            fix = f"write {hosts[0]}:{claim}"
            yield f"no token of {' or '.join(hosts)} has {each.key}, so nobody gets in; {fix}"


_SHARED = f"{GUIDE}/id_roles_providers_oidc_secure-by-default.html"
_FOR_GITHUB = f"{GUIDE}/id_roles_create_for-idp_oidc.html#idp_oidc_Create_GitHub"

OF_STATEMENTS = (
    Rule(
        "every-user-of-provider",
        f"{GUIDE}/id_roles_create_for-idp.html",
        "Every user of an identity provider can assume the role: the statement has no condition.",
        "The provider's users are all meant, such as those of a company's own directory.",
        _every_user,
    ),
    Rule(
        "oidc-without-subject",
        _SHARED,
        "The trust in an OpenID Connect provider tests no subject, so that other customers' tokens fit.",
        "The provider signs tokens for nobody else, and all of them may assume the role.",
        _without_subject,
    ),
    Rule(
        "oidc-wide-subject",
        _FOR_GITHUB,
        "The subject that is tested takes in those of other customers.",
        "The provider signs tokens for nobody else, and all of them may assume the role.",
        _wide_subject,
    ),
    Rule(
        "claim-of-another-provider",
        f"{GUIDE}/reference_policies_iam-condition-keys.html#condition-keys-wif",
        "A condition tests a claim of another provider than the one that is trusted.",
        IF_AWS_CHANGED,
        _claim_of_another,
    ),
)
