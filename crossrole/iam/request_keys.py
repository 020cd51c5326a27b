"""Which condition keys a request may carry, and who decides that it does.

What a key's absence decides is certain only where AWS says that the key is absent. So every key that the service
authorization reference gives an action may be there, with any value, but for those that this module says are not:
the caller chooses to send them, or only a service's own requests have them, or only some sessions.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from crossrole.iam.actions import condition_keys, details
from crossrole.iam.condition_keys import of_identity_provider
from crossrole.iam.globs import meet
from crossrole.iam.policy import Policy, texts
from crossrole.unknown import as_pattern, is_unknown

OF_EVERY_REQUEST = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principaltag/",
        "aws:principaltype",
        "aws:resourceaccount",
        "aws:resourcetag/",
        "aws:securetransport",
        "aws:tokenissuetime",
        "aws:username",
        "aws:viaawsservice",
    }
)
"""What the question says of each request, or the templates: who asks, when, how, and with which tags."""
NEVER_SAID = frozenset(
    {
        "aws:calledviaawsmcp",
        "aws:ismcpserviceaction",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:requestedregion",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:signinsessionarn",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:useragent",
        "aws:userid",
        "aws:viaawsmcpservice",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
    }
)
"""What no template says: from where a request comes, by which program and network, and of which organization."""
BY_CHOICE = frozenset(
    {
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:referer",
        "aws:requesttag/",
        "aws:tagkeys",
        "kms:encryptioncontext:",
        "kms:encryptioncontextkeys",
        "kms:recipientattestation:",
        "s3:delimiter",
        "s3:if-match",
        "s3:if-none-match",
        "s3:max-keys",
        "s3:object-lock-",
        "s3:prefix",
        "s3:requestobjecttag/",
        "s3:requestobjecttagkeys",
        "s3:x-amz-",
        "sts:externalid",
        "sts:sourceidentity",
        "sts:transitivetagkeys",
    }
)
"""What a request carries only where its caller sends a header or a parameter, or an MFA code: `--context` names it."""
BY_SERVICES = frozenset(
    {
        "aws:assumedroot",
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "kms:viaservice",
    }
)
"""What only a service's request carries, or a root user's: one that a role or user makes itself does not."""
OF_SERVICES_SESSIONS = frozenset(
    {
        "aws:chatbotsourcearn",
        "aws:ec2instancesourceprivateipv4",
        "aws:ec2instancesourcevpc",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "glue:credentialissuingservice",
        "glue:roleassumedby",
        "identitystore:userid",
        "lambda:sourcefunctionarn",
        "s3:accessgrantsinstancearn",
        "ssm:sourceinstancearn",
    }
)
"""What the requests of a session carry, to whatever service, that a service has begun: those of a function, say."""
OF_FEDERATED_SESSIONS = frozenset({"aws:federatedprovider", "identitystore:userid", "saml:", "*.*:"})
"""What the requests of a session carry that began with a token; "*.*:" stands for all keys of identity providers."""
OF_ACCESS_POINTS = frozenset(
    {"s3:accesspointnetworkorigin", "s3:accesspointtag/", "s3:dataaccesspointaccount", "s3:dataaccesspointarn"}
)
"""What only a request through an access point carries."""
# Sent with every request that is signed, and with what a request is there to set.
_NO_CHOICE = frozenset({"s3:x-amz-content-sha256"})
_SETS = frozenset({"s3:PutObjectRetention", "s3:PutObjectLegalHold", "sts:SetSourceIdentity"})


def is_among(key: str, families: Iterable[str]) -> bool:
    """Return whether a key in small letters is one of these, or of a family such as `aws:principaltag/`."""
    if key in families:
        return True
    return any(
        (each[-1] in "/:-" and key.startswith(each)) or (each == "*.*:" and of_identity_provider(key))
        for each in families
    )


@cache
def carried(action: str) -> frozenset[str]:
    """Return the keys, and families of keys, in small letters, that a request of the action may carry with any value.

    They are those of the reference for which nothing here says that the request lacks them.
    """
    sets = action in _SETS or "Tagging" in details(action)["accessLevel"]
    lacking = {*BY_SERVICES, *OF_SERVICES_SESSIONS, *OF_FEDERATED_SESSIONS, *OF_ACCESS_POINTS, *OF_EVERY_REQUEST}
    lacking |= set() if sets else BY_CHOICE
    named = {_stem(each) for each in condition_keys(action)}
    return frozenset(each for each in named if each in _NO_CHOICE or not is_among(each, lacking))


def _stem(documented: str) -> str:
    """Return a key of the reference, without the part that stands for any tag's key and the like."""
    return documented.partition("<")[0].partition("${")[0].removesuffix("tag-key").lower()


@dataclass(frozen=True)
class Origin:
    """How a role's session may have begun, which decides what all its requests carry."""

    by_service: bool = False
    by_token: bool = False
    with_tags: bool = False
    with_source_identity: bool = False

    @property
    def anything(self) -> frozenset[str]:
        """The keys, and families, that its requests may carry with any value."""
        return frozenset().union(
            OF_SERVICES_SESSIONS if self.by_service else (),
            OF_FEDERATED_SESSIONS if self.by_token else (),
            {"aws:principaltag/"} if self.with_tags else (),
            {"aws:sourceidentity"} if self.with_source_identity else (),
        )


OF_A_USER = Origin()
ANY_ORIGIN = Origin(by_service=True, by_token=True, with_tags=True, with_source_identity=True)


def origin_of(trust: Policy) -> Origin:
    """Return how a role's sessions may begin, by what its trust policy may allow."""
    principals = [each.get("Principal", "*") for each in trust.may_allow]
    return Origin(
        # Identity Center gives a session its user's id by sts:SetContext.
        by_service=any(_is_named(each, "Service") for each in principals) or _lets(trust, "sts:SetContext"),
        by_token=any(_is_named(each, "Federated") for each in principals),
        with_tags=_lets(trust, "sts:TagSession"),
        with_source_identity=_lets(trust, "sts:SetSourceIdentity"),
    )


def _is_named(principal: object, kind: str) -> bool:
    return not isinstance(principal, Mapping) or kind in principal or any(map(is_unknown, principal))


def _lets(trust: Policy, action: str) -> bool:
    """Return whether the one who begins a session may do so with an action beside sts:AssumeRole."""
    patterns = [each for made in trust.may_allow for each in texts(made.get("Action", "*"))]
    return any(meet(as_pattern(each).lower(), action.lower()) for each in patterns)
