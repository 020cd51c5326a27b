"""Who signs tokens: an OpenID Connect or SAML provider of the production account, and whose tokens a grant may name."""

import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from access.environment import Environment
from access.principal import Principal
from access.problem import Problem
from access.values import Shape, invalid
from crossrole.iam.arn import account_of, partition_of

GITHUB = "token.actions.githubusercontent.com"
STS_AUDIENCE = "sts.amazonaws.com"


def _url(value: str) -> str:
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
    parts = urlsplit(value)
    plain = re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[A-Za-z0-9._~/-]*[A-Za-z0-9_~-])?", value)
    if not plain or len(value) > _LONGEST_URL:
        host = re.sub(r"^[a-z]+:/*", "", value).rstrip("/") if not parts.query else ""
        near = f'write "https://{host}"' if re.fullmatch(r"[a-z0-9./-]+", host) else "copy `iss` out of a token"
        raise invalid("the issuer's address, as the tokens' `iss` has it: https://, no port, no slash at the end", near)
    return value


_LONGEST_URL = 255

IssuerUrl = Annotated[
    str, AfterValidator(_url), Field(json_schema_extra={"pattern": r"^https://[a-z0-9.-]+\.[a-z]{2,}(/.*[^/])?$"})
]
ProviderName = Annotated[
    str,
    Shape(
        r"(?!arn$)[A-Za-z][A-Za-z0-9-]{0,31}",
        "a name for the principals to use: 1 to 32 letters, digits and hyphens, a letter first",
        'choose one such as "github"',
    ),
]
SamlProviderArn = Annotated[
    str,
    Shape(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:saml-provider/[A-Za-z0-9._-]{1,128}",
        "the ARN of a SAML provider in the production account",
        "aws iam list-saml-providers",
    ),
]
Audience = Annotated[
    str,
    Shape(r"[\x21-\x7e]{1,255}", "the tokens' `aud`, of 1 to 255 characters without a space", "copy it out of a token"),
]


class IdentityProvider(BaseModel):
    """One `[[identity_providers]]` entry: who signs the tokens that callers outside AWS bring."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: ProviderName = Field(description="What principals call it: `NAME:SUBJECT`.")
    url: IssuerUrl | None = Field(
        None,
        description="The address of an OpenID Connect issuer, such as `https://token.actions.githubusercontent.com`.",
    )
    saml: SamlProviderArn | None = Field(
        None, description="The ARN of a SAML provider that exists already; its principal is `NAME:*`."
    )
    audience: Audience | None = Field(
        None,
        description=f"The `aud` that a token must have; left out: `{STS_AUDIENCE}`, or AWS's sign-in page for SAML.",
    )
    create: bool = Field(
        default=False,
        description="Make the OpenID Connect provider in ProdAccessStack; an account has one for each address.",
    )

    @property
    def issuer(self) -> str:
        """The issuer's address as IAM writes it in ARNs and condition keys: without https://."""
        return str(self.url).removeprefix("https://")

    def arn(self, prod: Environment) -> str:
        """Return its ARN in the production account."""
        return self.saml or f"arn:{prod.partition}:iam::{prod.account}:oidc-provider/{self.issuer}"

    def signed_audience(self, prod: Environment) -> str:
        """Return the `aud` that a token must have."""
        if self.audience or not self.saml:
            return self.audience or STS_AUDIENCE
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_saml.html
        host = {"aws-cn": "signin.amazonaws.cn", "aws-us-gov": "signin.amazonaws-us-gov.com"}
        return f"https://{host.get(prod.partition, 'signin.aws.amazon.com')}/saml"


def is_pattern(subject: str) -> bool:
    """Return whether a subject stands for several: IAM compares it with StringLike then."""
    return bool(set(subject) & set("*?"))


def provider_problems(providers: list[IdentityProvider], prod: Environment) -> Iterator[Problem]:
    """Yield every problem of the providers, each by itself and beside the others."""
    names: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for provider in providers:
        where = f"[[identity_providers]] {provider.name}"
        if (provider.url is None) == (provider.saml is None):
            got = "both url and saml" if provider.url else "neither url nor saml"
            expected = "one of them: url for OpenID Connect, saml for a SAML provider's ARN"
            yield Problem(f"{where}: url", got, expected, "remove one" if provider.url else "add url or saml")
            continue
        if provider.saml and provider.create:
            yield Problem(
                f"{where}: create",
                "true, for a SAML provider",
                "false: its metadata document comes from the identity provider",
                "make it with aws iam create-saml-provider, and remove create",
            )
        if provider.saml and (partition_of(provider.saml), account_of(provider.saml)) != (prod.partition, prod.account):
            yield Problem(
                f"{where}: saml",
                f"a provider of account {account_of(provider.saml)}",
                f"one of the production account {prod.account}, where the roles are",
                "make the provider there",
            )
        alike = provider.name.lower().replace("-", "")
        if alike in names:
            expected = "names that differ in their letters or digits, by more than case"
            yield Problem(f"{where}: name", f"{provider.name} beside {names[alike]}", expected, "rename one")
        address = provider.saml or provider.issuer
        if address in addresses:
            expected = "one entry for each provider: an account has one for each address"
            yield Problem(f"{where}: url", f"the same as {addresses[address]}'s", expected, "remove one")
        names[alike], addresses[address] = provider.name, provider.name


def subject_problem(provider: IdentityProvider, principal: Principal) -> tuple[str, str] | None:
    """Return what was expected and the fix, for a subject that takes in tokens of others; None for one that does not.

    A `*` of IAM crosses every character. So it may stand only after what names the owner, the project or the
    namespace, with the sign that ends that name.
    """
    subject = str(principal.subject)
    if provider.saml:
        expected = "the provider as a whole: IAM's trust names no SAML subject that is stable"
        return None if subject == "*" else (expected, f'write "{provider.name}:*"')
    if provider.issuer == GITHUB and ":" not in subject:
        expected = "a subject as GitHub writes it: repo:OWNER/REPO:…"
        return expected, f'write "{provider.name}:repo:{subject}:…", as the token has it'
    if not is_pattern(subject):
        return None
    for pattern, owned, named in _OWNED:
        if re.fullmatch(pattern, provider.issuer):
            if re.match(owned, subject):
                return None
            return (
                f"a subject whose * and ? stand after {named}: before it they take in tokens of others",
                f"write {named.rstrip(':/').rpartition(':')[2]} out, with the sign after it",
            )
    return (
        f"an exact subject: what a * or ? of {provider.issuer} would take in, crossrole can't know",
        "copy `sub` out of a token",
    )


_PLAIN = r"[^*?:/]+"
# An issuer, what of a subject has to be exact, and what that is called. Where one issuer serves everybody, the name
# of the owner comes first; a cluster's issuer is its own.
# https://docs.github.com/en/actions/reference/openid-connect-reference
# https://docs.gitlab.com/ci/secrets/id_token_authentication/
# https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
_OWNED = (
    (rf"{re.escape(GITHUB)}(/.*)?|.+/_services/token", rf"repo:{_PLAIN}/", "repo:OWNER/"),
    (r"gitlab\.com|gitlab\..+", rf"project_path:{_PLAIN}/", "project_path:GROUP/"),
    (r"oidc\.eks\..+", rf"system:serviceaccount:{_PLAIN}:", "system:serviceaccount:NAMESPACE:"),
)
