"""Rules about principals: those that can't be, and those that are meant otherwise.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import re
from collections.abc import Iterator, Mapping

from crossrole.errors import nearest
from crossrole.iam.service_principals import service_principal_problem
from crossrole.iam.wildcards import has_wildcard
from crossrole.lint.documents import Statement
from crossrole.lint.rule import GUIDE, IF_AWS_CHANGED, InContext, Rule
from crossrole.unknown import is_known

_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
_ACCOUNT = "[0-9]{12}"
_PATH_AND_NAME = r"(?:[!-~]+/)?[\w+=,.@-]+"
# A unique id stands for a principal that was deleted. CloudFront's own users have a name with spaces.
_PRINCIPAL = re.compile(
    rf"\*|{_ACCOUNT}|A[A-Z0-9]{{11,}}"
    rf"|arn:[\w-]+:iam::{_ACCOUNT}:(?:root|(?:user|role)/{_PATH_AND_NAME})"
    rf"|arn:[\w-]+:sts::{_ACCOUNT}:(?:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+)"
    r"|arn:[\w-]+:iam::cloudfront:user/CloudFront Origin Access Identity \w+",
    re.ASCII,
)
_WEB_PROVIDERS = {
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "cognito-identity-us-gov.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
}
_PROVIDER = re.compile(
    rf"arn:[\w-]+:iam::{_ACCOUNT}:(?:saml-provider/[\w.-]+|oidc-provider/(?!https?:)[^\s*?]+)", re.ASCII
)
_EXAMPLE = "an account id, or an ARN such as arn:aws:iam::111111111111:role/NAME"


def is_provider(name: str) -> bool:
    """Return whether a federated principal can be one."""
    return name in _WEB_PROVIDERS or _PROVIDER.fullmatch(name) is not None


def _named(statement: Statement) -> list[tuple[str, str]]:
    # Policies of VPC endpoints and organizations name whom they limit, in forms of their own.
    named = [] if statement.document.kind.limits else [*statement.principals, *statement.excluded]
    return [(kind, name) for kind, name in named if is_known(name)]


def _unknown_type(statement: Statement) -> Iterator[str]:
    for kind in dict.fromkeys(kind for kind, _ in _named(statement)):
        if kind not in _TYPES and is_known(kind):
            yield f'there is no kind of principal "{kind}", so AWS rejects the policy{nearest(kind, _TYPES)}'


def _impossible(statement: Statement) -> Iterator[str]:
    partition = statement.document.resource.template.partition
    for kind, name in _named(statement):
        if kind == "AWS" and not _PRINCIPAL.fullmatch(name):
            yield _why_impossible(name)
        elif kind == "AWS" and name.startswith("arn:") and is_known(partition) and name.split(":")[1] != partition:
            yield (
                f"{name} is of another partition than the template, and no access crosses partitions; "
                f"write a principal of the partition {partition}"
            )


def _why_impossible(name: str) -> str:
    begin = f'the principal "{name}" can\'t be, so AWS rejects the policy: '
    if has_wildcard(name):
        fix = "name the account, and test aws:PrincipalArn with ArnLike"
        return f"{begin}a principal has no wildcard, only * alone is everyone; {fix}"
    if ":assumed-role/" in name:
        return (
            f"{begin}a session's ARN is arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION; write it so, or name the role"
        )
    if ":group/" in name:
        return f"{begin}a group is not a principal; name its users or a role"
    if re.search(r"\.(amazonaws|amazon)\.com", name):
        return f'{begin}it is a service; write {{"Service": "{name}"}}'
    if re.search(r":(oidc|saml)-provider/", name):
        return f'{begin}it is an identity provider; write {{"Federated": "{name}"}}'
    return f"{begin}write {_EXAMPLE}"


def _no_service(statement: Statement) -> Iterator[str]:
    for kind, name in _named(statement):
        if kind == "Service" and (problem := service_principal_problem(name)):
            yield problem


def _no_provider(statement: Statement) -> Iterator[str]:
    for kind, name in _named(statement):
        if kind == "Federated" and not is_provider(name):
            yield (
                f'"{name}" is no identity provider, so AWS rejects the policy; write its ARN, such as '
                "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com, without https://"
            )


def _not_made(subject: InContext[Statement]) -> Iterator[str]:
    for kind, name in _named(subject.subject):
        match = re.fullmatch(rf"arn:[\w-]+:iam::({_ACCOUNT}):(user|role)/(.+)", name) if kind == "AWS" else None
        made = subject.holders.named(match[1], match[3].rpartition("/")[2]) if match else {}
        if match and (other := _other(match[2], name, made)):
            yield (
                f"{name} does not exist, so AWS rejects the policy: the templates make {other} in that account; "
                "write that ARN"
            )


def _other(kind: str, name: str, made: Mapping[str, str]) -> str | None:
    """Return the ARN that the templates have of that name: of another kind, or under another path."""
    own = made.get(kind)
    if own:
        return own if own != name else None
    return next((arn for other, arn in made.items() if other in {"user", "role"}), None)


def _not_principal(statement: Statement) -> Iterator[str]:
    if not statement.denies or statement.document.kind.limits:
        return
    names = [name for kind, name in statement.excluded if kind == "AWS"]
    for name in names if all(map(is_known, names)) else ():
        if lacking := _lacking(name, names):
            yield (
                f"Deny with NotPrincipal denies {name} as well, since it does not name {lacking}; deny Principal * "
                f'instead, under the condition ArnNotEquals aws:PrincipalArn "{name}"'
            )


def _lacking(name: str, names: list[str]) -> str:
    """Return what NotPrincipal must name beside a role, session or user: every ARN that its requests have."""
    match = re.fullmatch(rf"arn:([\w-]+):(?:iam|sts)::({_ACCOUNT}):(user|role|assumed-role)/(.+)", name)
    if not match:
        return ""
    partition, account, kind, rest = match.groups()
    wanted = {"its account": {f"arn:{partition}:iam::{account}:root", account}}
    if kind == "assumed-role":
        role = rest.partition("/")[0]
        wanted["its role"] = {each for each in names if f":{account}:role/" in each and each.endswith(f"/{role}")}
    if kind == "role":
        session = f":{account}:assumed-role/{rest.rpartition('/')[2]}/"
        wanted["its session"] = {each for each in names if session in each}
    return " and ".join(words for words, either in wanted.items() if not either & set(names))


_PAGE = f"{GUIDE}/reference_policies_elements_principal.html"

OF_STATEMENTS = (
    Rule(
        "principal-type",
        _PAGE,
        "The kind of a principal is none of AWS, Service, Federated and CanonicalUser.",
        IF_AWS_CHANGED,
        _unknown_type,
    ),
    Rule(
        "impossible-principal",
        _PAGE,
        "A principal has a wildcard, is a group, or is of another form than any principal.",
        IF_AWS_CHANGED,
        _impossible,
    ),
    Rule(
        "unknown-service",
        f"{_PAGE}#principal-services",
        "No service is a principal under such a name.",
        "The service is newer than the names that this version of crossrole has.",
        _no_service,
    ),
    Rule(
        "unknown-provider",
        f"{GUIDE}/id_roles_providers.html",
        "A federated principal is not an identity provider of IAM.",
        IF_AWS_CHANGED,
        _no_provider,
    ),
    Rule(
        "not-principal",
        f"{GUIDE}/reference_policies_elements_notprincipal.html",
        "A Deny with NotPrincipal denies those whom it names as well.",
        "What it names is to be denied too, such as a role whose sessions all end.",
        _not_principal,
    ),
)
OF_STATEMENTS_IN_CONTEXT = (
    Rule(
        "principal-not-made",
        _PAGE,
        "A principal does not exist: the templates make another with its name, of another kind or path.",
        "What the templates make is deleted before the policy is deployed.",
        _not_made,
    ),
)
