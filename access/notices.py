"""What the synth warns about, stack by stack."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network

from access.environment import Environment
from access.grant import Grant, Place
from access.identity_provider import GITHUB, IdentityProvider, is_pattern
from access.model import Access, Writer
from access.principal import PrincipalKind
from access.problem import Notice, did_you_mean
from access.s3_actions import limits_by_prefix, manages_permissions, resource_types
from crossrole.iam.arn import account_of
from crossrole.iam.policy import instant


def prod_notices(access: Access, number: int) -> list[Notice]:
    """Return the warnings of production's stack of this number; its first stack also has those of the whole file."""
    notices: list[Notice] = []
    for grant in (each for each in access.grants if each.stack == number):
        notices += grant_notices(grant, access.prod, access.keys(grant), access.identity_providers)
    whole = [*_accounts(access), *_buckets(access), *_by_hand(access)] if number == access.stacks[0] else []
    return [*whole, *notices]


def _accounts(access: Access) -> Iterator[Notice]:
    if access.prod.account == access.dev.account:
        yield Notice("OneAccount", f"[prod] and [dev] are both {access.prod.account}: nothing here crosses accounts")


def _buckets(access: Access) -> Iterator[Notice]:
    declared = [bucket.name for bucket in access.buckets]
    places = [(grant.name, place.bucket) for grant in access.grants for place in grant.all_places]
    used = {bucket for _, bucket in places}
    for grant, name in dict.fromkeys(places):
        if name not in declared and (near := did_you_mean(name, declared)):
            yield Notice(
                "BucketNotDeclared",
                f"{grant} names the bucket {name}, which must exist already; {near} "
                "If it is another bucket, add a [[buckets]] entry of its name",
            )
    made = [bucket.name for bucket in access.buckets if bucket.kms_key]
    for grant, name in dict.fromkeys(places):
        if name == "*" and made:
            yield Notice("KeyNotGiven", f"{grant} may not use the keys of {', '.join(made)}: grant those by name")
    for bucket in access.buckets:
        if bucket.create and not used & {bucket.name, "*"}:
            yield Notice("BucketNotUsed", f"the bucket {bucket.name} is made, but no grant names it")


def dev_notices(access: Access, writer: Writer, grant: Grant) -> list[Notice]:
    """Return the warnings of DevLambdaStack."""
    notices = []
    if grant.source_ips:
        notices.append(
            Notice(
                "FunctionAddresses",
                f"{grant.name} has source_ips, but a function has an address of AWS unless it runs in a VPC "
                "behind a NAT gateway: it will be denied",
            )
        )
    if writer.snap_start:
        notices.append(_snapshot(writer.memory_size))
    listed = {principal.text for principal in grant.principals}
    if not listed & {access.dev.account, access.dev.role_arn(writer.role)}:
        notices.append(
            Notice(
                "TrustedThroughOrganization",
                f"{grant.name} trusts the function only if {access.dev.account} belongs to the organization it names",
            )
        )
    return notices


# USD in us-east-1, for Python: of a snapshot, for each GB and second that its version exists, at least three hours; and
# for each GB that is restored. https://aws.amazon.com/lambda/pricing/
_KEPT, _RESTORED = 0.0000015046, 0.0001397998


def _snapshot(memory_size: int) -> Notice:
    size = memory_size / 1024
    month = 30 * 24 * 3600
    return Notice(
        "SnapStartCosts",
        f"snap_start: AWS charges for keeping the snapshot of {memory_size} MB (about {size * _KEPT * month:.2f} USD "
        f"for 30 days in us-east-1) and for each start from it ({size * 1000 * _RESTORED:.2f} USD for a thousand), "
        "beside the function's own time",
    )


def _by_hand(access: Access) -> Iterator[Notice]:
    """Yield who gets its half from its own administrator, all in one."""
    left = {
        grant.name: [each.text for each in grant.principals if each not in access.given_their_half(grant)]
        for grant in access.grants
    }
    # A token needs no policy of a caller's own.
    tokens = {each.text for grant in access.grants for each in grant.of_kind(PrincipalKind.FEDERATED)}
    callers = dict.fromkeys(text for texts in left.values() for text in texts if text not in tokens)
    if callers:
        half = (
            "its half from its own administrator" if len(callers) == 1 else "their half from their own administrators"
        )
        count = f"1 caller gets {half}" if len(callers) == 1 else f"{len(callers)} callers get {half}"
        shown = ", ".join(callers) if len(callers) <= _SHOWN else f"{', '.join(list(callers)[:_SHOWN])} and others"
        of = [name for name, texts in left.items() if set(texts) & set(callers)]
        grants = of[0] if len(of) == 1 else "GRANT"
        yield Notice(
            "LeftToAdministrators",
            f"{count}: {shown}. For the lines: crossrole policies {grants} --caller",
        )


_SHOWN = 5


def grant_notices(
    grant: Grant, prod: Environment, keys: Mapping[str, str], providers: Sequence[IdentityProvider]
) -> Iterator[Notice]:
    """Yield the warnings about the grant; `keys` are the customer keys of its buckets, each an ARN or `new`."""
    for place in grant.all_places:
        yield from _width(place, grant.name, prod)
    yield from _who(grant)
    yield from _tokens(grant, providers)
    yield from _when(grant)
    yield from _where_from(grant)
    for place in grant.all_places:
        key = keys.get(place.bucket)
        if key and key != "new" and (place.reads or place.writes):
            yield _foreign_key(key, grant, prod)


def _tokens(grant: Grant, providers: Sequence[IdentityProvider]) -> Iterator[Notice]:
    known = {provider.name: provider for provider in providers}
    for principal in grant.of_kind(PrincipalKind.FEDERATED):
        provider, subject = known[str(principal.provider)], str(principal.subject)
        if provider.saml:
            yield Notice("WholeProvider", f"{grant.name} trusts everyone whom {provider.saml} signs in for this role")
        elif is_pattern(subject):
            whole = re.match(r"(repo|project_path):[^:]*[*?]", subject)
            yield Notice(
                "ManySubjects",
                f"{grant.name} trusts every token of {provider.issuer} whose subject is like {subject}: "
                f"{'every repository, and there ' if whole else ''}every branch, tag, environment and pull request "
                "that it takes in",
            )
        if provider.issuer == GITHUB and re.fullmatch(r"repo:[^:*?]+", subject):
            yield Notice(
                "ShortSubject",
                f"{grant.name} trusts {subject}, which is the whole subject only where the repository's subjects were "
                "made so: GitHub's own go on, such as repo:OWNER/REPO:ref:refs/heads/main",
            )
        if provider.issuer == GITHUB and re.match(r"repo:[^/@]+/([^/@:]+:|[*])", subject):
            yield Notice(
                "ReusableName",
                f"{grant.name} trusts {subject} by the names of an owner and a repository, which somebody else can "
                "take after a deletion; GitHub's immutable subjects have their numbers (repo:OWNER@ID/REPO@ID:…)",
            )


def _width(place: Place, grant: str, prod: Environment) -> Iterator[Notice]:
    everywhere = "every bucket" if place.bucket == "*" else f"the bucket {place.bucket}"
    if "full" in place.access:
        yield Notice(
            "FullAccess",
            f"{grant} gives s3:* on {everywhere} of {prod.account}: reading and deleting every object, "
            "changing the bucket's policy and deleting the bucket",
        )
    elif place.bucket == "*":
        yield Notice("EveryBucket", f"{grant} reaches every bucket of {prod.account}, also those made later")
    elif not place.prefix and (place.access or place.actions):
        yield Notice("WholeBucket", f"{grant} has no prefix and reaches every key of {everywhere}")
    for action in place.actions:
        if manages_permissions(action):
            yield Notice(
                "ManagesPermissions",
                f"{grant} gives {action}, which can give access to others",
            )
        elif "object" not in resource_types(action) and not limits_by_prefix(action):
            yield Notice("WholeBucket", f"{grant} gives {action}, which acts on the whole bucket")


def _who(grant: Grant) -> Iterator[Notice]:
    wide = grant.of_kind(PrincipalKind.ACCOUNT, PrincipalKind.ORGANIZATION, PrincipalKind.ORGANIZATIONAL_UNIT)
    conditions = {
        "external_id": grant.external_id,
        "mfa_max_age": grant.mfa_max_age,
        "organization": grant.organization,
        "source_ips": grant.source_ips,
        "caller_tags": grant.caller_tags,
    }
    named = ", ".join(key for key, value in conditions.items() if value)
    narrowed = f", narrowed by {named}" if named else ""
    for principal in wide:
        yield Notice(
            "WholeAccount" if principal.kind is PrincipalKind.ACCOUNT else "WholeOrganization",
            f"{grant.name} trusts every principal in {principal.kind} {principal.text} whose own policies allow it"
            f"{narrowed}",
        )
    if grant.pin:
        names = ", ".join(principal.text for principal in grant.principals if principal.is_arn)
        yield Notice(
            "PinnedPrincipals",
            f"{grant.name} names {names} in its trust policy: they must exist before ProdAccessStack is deployed "
            "(deploy DevLambdaStack first where one is the function's role), and again after one was made anew",
        )


def _when(grant: Grant) -> Iterator[Notice]:
    now = datetime.now(UTC)
    if grant.expires and grant.expires <= now:
        yield Notice("Expired", f"{grant.name} expired at {instant(grant.expires)}: nobody can use it")
    if grant.revoked_before and grant.revoked_before > now:
        yield Notice(
            "RevokedBeforeFuture",
            f"{grant.name} has revoked_before in the future: until {instant(grant.revoked_before)} "
            "even new sessions can do nothing",
        )
    if grant.disabled:
        yield Notice("Disabled", f"{grant.name} is disabled: nobody can use it")


def _where_from(grant: Grant) -> Iterator[Notice]:
    for text in grant.source_ips:
        if ip_network(text).is_private:
            yield Notice(
                "PrivateAddresses",
                f"{grant.name} has {text} in source_ips, which is not public: AWS sees only public addresses, "
                "so no request matches it",
            )


def _foreign_key(key: str, grant: Grant, prod: Environment) -> Notice:
    default = ", or leave that to IAM policies (AWS's default)" if account_of(key) == prod.account else ""
    return Notice(
        "ForeignKeyPolicy",
        f"{grant.name} uses {key}, but no stack here makes its key policy: that policy must let "
        f"{prod.role_arn(grant.path_and_name)} use the key{default}",
    )
