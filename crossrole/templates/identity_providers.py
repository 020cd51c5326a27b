"""The identity providers whose tokens the templates' roles trust, by what access.toml calls them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crossrole.iam.names import IDENTITY_PROVIDERS
from crossrole.iam.policy import Policy, texts
from crossrole.templates.intrinsics import Template

WEB_IDENTITY, SAML = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"


@dataclass(frozen=True)
class IdentityProvider:
    """Who signs tokens: its ARN, and the audience that access.toml gives its tokens."""

    name: str
    arn: str
    audience: str | None = None
    audiences: frozenset[str] | None = None
    """The audiences that the provider takes; None where no template makes it."""

    @property
    def is_saml(self) -> bool:
        """Whether it signs SAML assertions, and no OpenID Connect tokens."""
        return ":saml-provider/" in self.arn

    @property
    def action(self) -> str:
        """What its tokens are brought to."""
        return SAML if self.is_saml else WEB_IDENTITY

    @property
    def claims(self) -> str:
        """What the condition keys of its tokens' claims begin with."""
        return "saml:" if self.is_saml else f"{issuer_of(self.arn)}:"

    def carried(self, subject: str) -> dict[str, str]:
        """Return the condition keys of a token of this subject, as far as they are known."""
        audience = {f"{self.claims}aud": self.audience} if self.audience else {}
        return audience if self.is_saml else {f"{self.claims}sub": subject, **audience}


def issuer_of(arn: str) -> str:
    """Return an OpenID Connect provider's address without https://, or a SAML provider's name."""
    return re.sub(r".*:(oidc|saml)-provider/", "", arn)


def identity_providers(templates: Sequence[Template], trusts: Sequence[Policy]) -> dict[str, IdentityProvider]:
    """Return the providers by name: access.toml's, and the issuers' addresses for all that trust policies name."""
    named = [each for template in templates for each in _named(template)]
    trusted = [IdentityProvider(issuer_of(arn), arn) for trust in trusts for arn in federated(trust)]
    made = {issuer: audiences for template in templates for issuer, audiences in _made(template)}
    return {each.name: replace(each, audiences=made.get(issuer_of(each.arn))) for each in [*trusted, *named]}


def _made(template: Template) -> Iterator[tuple[str, frozenset[str]]]:
    for name, resource in template.resources.items():
        if resource.get("Type") == "AWS::IAM::OIDCProvider":
            properties = template.resolve(template.properties(name), at=name)
            audiences = texts(properties.get("ClientIdList"))
            yield str(properties.get("Url", "")).removeprefix("https://"), frozenset(audiences)


def federated(trust: Policy) -> list[str]:
    """Return the ARNs of the identity providers that a trust policy trusts."""
    principals = [each.get("Principal") for each in trust.statements if each["Effect"] == "Allow"]
    named = [name for each in principals if isinstance(each, Mapping) for name in texts(each.get("Federated"))]
    return [each for each in dict.fromkeys(named) if re.search(r":(oidc|saml)-provider/", each)]


def _named(template: Template) -> Iterator[IdentityProvider]:
    metadata: Any = template.body.get("Metadata")
    providers = metadata.get(IDENTITY_PROVIDERS) if isinstance(metadata, Mapping) else None
    for name, facts in providers.items() if isinstance(providers, Mapping) else []:
        if isinstance(facts, Mapping) and isinstance(arn := facts.get("arn"), str):
            audience = facts.get("audience")
            yield IdentityProvider(str(name), arn, audience if isinstance(audience, str) else None)
