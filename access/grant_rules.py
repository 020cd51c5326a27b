"""The rules between the fields of one grant."""

from collections.abc import Iterator, Mapping, Sequence

from access.environment import Environment
from access.grant import Grant, Place
from access.identity_provider import GITHUB, IdentityProvider, subject_problem
from access.model import Production
from access.policies.document import size
from access.policies.permissions import inline_policies
from access.policies.trust import trust_policy
from access.principal import Principal, PrincipalKind
from access.problem import Problem, did_you_mean
from crossrole.iam.arn import account_of, partition_of
from crossrole.iam.quotas import INLINE_POLICIES, ROLE_CHAINING_LIMIT, TRUST_POLICY


def grant_problems(grant: Grant) -> Iterator[Problem]:
    """Yield every problem of the grant by itself, each with its key in access.toml."""
    for rule in (_one_spelling, _gives_something, _people_only, _chaining, _pinning, _organization, _tokens, _tags):
        yield from rule(grant)
    for place, key in _places(grant):
        yield from _every_bucket(grant, place, key)
        yield from _full_access(grant, place, key)


def placement_problems(
    grant: Grant, prod: Production, keys: Mapping[str, str], providers: Sequence[IdentityProvider]
) -> Iterator[Problem]:
    """Yield every problem of the grant in `prod`; `keys` are the ARNs of customer keys by the buckets that have one."""
    yield from _partition(grant, prod)
    yield from _boundary_owner(grant, prod)
    yield from _subjects(grant, providers)
    yield from _quotas(grant, prod, keys, providers)


def at(grant: Grant, key: str) -> str:
    """Return where a grant's key stands in access.toml."""
    return f"[[grants]] {grant.name}: {key}"


def _places(grant: Grant) -> Iterator[tuple[Place, str]]:
    """Yield each place of a grant with the beginning of its keys' names in messages."""
    own = [(place, "") for place in grant.all_places[: len(grant.all_places) - len(grant.places)]]
    yield from own
    yield from ((place, f"places[{number}].") for number, place in enumerate(grant.places))


def _one_spelling(grant: Grant) -> Iterator[Problem]:
    own = [key for key in ("bucket", "prefix", "access", "actions") if getattr(grant, key)]
    if grant.places and own:
        yield Problem(
            at(grant, own[0]),
            f"{' and '.join(own)} beside [[grants.places]]",
            "one or the other: where the grant has several places, each stands in an entry of its own",
            f"move {' and '.join(own)} into another [[grants.places]] entry",
        )
    elif not grant.places and grant.bucket is None:
        yield Problem(
            at(grant, "bucket"),
            "nothing",
            "a bucket, or [[grants.places]] entries that each have one",
            'add bucket = "NAME"',
        )


def _gives_something(grant: Grant) -> Iterator[Problem]:
    for place, key in _places(grant):
        if not (place.access or place.actions or (grant.list_buckets and not grant.places)):
            yield Problem(
                at(grant, f"{key}access"),
                "nothing",
                "something that the role may do",
                'add access = ["write"], or exact actions',
            )


def _people_only(grant: Grant) -> Iterator[Problem]:
    if grant.mfa_max_age is None:
        return
    for principal in grant.principals:
        if principal.only_chains:
            yield Problem(
                at(grant, "mfa_max_age"),
                f"an MFA condition on {principal.text}",
                "people only: a role's session carries no MFA, so the role could never be assumed",
                f"give the {principal.kind} a grant of its own without mfa_max_age",
            )


def _chaining(grant: Grant) -> Iterator[Problem]:
    if grant.max_session <= ROLE_CHAINING_LIMIT:
        return
    for principal in grant.principals:
        if principal.only_chains:
            yield Problem(
                at(grant, "max_session"),
                f"{grant.max_session} seconds, for {principal.text}",
                f"at most {ROLE_CHAINING_LIMIT}: a {principal.kind} assumes with a role's credentials, "
                "and AWS ends such a chained session after an hour",
                f"max_session = {ROLE_CHAINING_LIMIT}, or another grant for the principals that need longer",
            )


def _pinning(grant: Grant) -> Iterator[Problem]:
    if not grant.pin:
        return
    if not any(principal.is_arn for principal in grant.principals):
        yield Problem(at(grant, "pin"), "true", "a user or role to pin among the principals", "remove pin")
    for principal in grant.of_kind(PrincipalKind.PERMISSION_SET):
        yield Problem(
            at(grant, "pin"),
            f"true, with {principal.text}",
            "ARNs without a wildcard: IAM allows no wildcard in a Principal",
            "write the role's whole name, or give the permission set another grant without pin",
        )


def _organization(grant: Grant) -> Iterator[Problem]:
    listed = grant.of_kind(PrincipalKind.ORGANIZATION)
    if grant.organization and listed:
        yield Problem(
            at(grant, "organization"),
            f"{grant.organization} beside the principal {listed[0].text}",
            "an organization either as the principal or as a condition on other principals",
            "remove organization",
        )
    for unit in grant.of_kind(PrincipalKind.ORGANIZATIONAL_UNIT):
        if grant.organization and not unit.text.startswith(f"{grant.organization}/"):
            yield Problem(
                at(grant, "organization"),
                f"{grant.organization} beside the unit {unit.text}",
                "the unit's own organization: an account belongs to one only, so no caller could meet both",
                "remove organization",
            )


def _every_bucket(grant: Grant, place: Place, key: str) -> Iterator[Problem]:
    if place.bucket == "*" and place.prefix:
        yield Problem(
            at(grant, f"{key}prefix"),
            f'"{place.prefix}" with bucket = "*"',
            f"one bucket, or no prefix: IAM's * crosses slashes, so x/{place.prefix}y would be open too",
            "name the bucket, or remove prefix",
        )


def _full_access(grant: Grant, place: Place, key: str) -> Iterator[Problem]:
    if "full" in place.access and place.prefix:
        yield Problem(
            at(grant, f"{key}prefix"),
            f'"{place.prefix}" with access = ["full"]',
            "no prefix: s3:* acts on the bucket as a whole, its policy and its deletion too",
            'remove prefix, or list what is needed: access = ["read", "write", "list", "delete"]',
        )


def _tokens(grant: Grant) -> Iterator[Problem]:
    """Yield the conditions of a grant that no token's request could meet."""
    tokens = grant.of_kind(PrincipalKind.FEDERATED)
    conditions = {
        "external_id": (grant.external_id, "sends no external ID"),
        "mfa_max_age": (grant.mfa_max_age, "carries no MFA"),
        "organization": (grant.organization, "comes from no account"),
        "caller_tags": (grant.caller_tags, "comes from no IAM user or role, so that it bears no tags of one"),
    }
    for key, (value, why) in conditions.items():
        if tokens and value:
            yield Problem(
                at(grant, key),
                f"a condition on {tokens[0].text}",
                f"principals of AWS accounts alone: a request with a token {why}",
                "give the tokens a grant of their own without it",
            )


def _tags(grant: Grant) -> Iterator[Problem]:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_know
    if len(grant.session_tags) > _SESSION_TAGS:
        yield Problem(
            at(grant, "session_tags"),
            f"{len(grant.session_tags)} keys",
            f"at most {_SESSION_TAGS}, what AWS takes with one session",
            "remove some",
        )


_SESSION_TAGS = 50


def _subjects(grant: Grant, providers: Sequence[IdentityProvider]) -> Iterator[Problem]:
    known = {provider.name: provider for provider in providers}
    for principal in grant.of_kind(PrincipalKind.FEDERATED):
        where = at(grant, f"principals ({principal.text})")
        provider = known.get(str(principal.provider))
        if provider is None:
            yield Problem(
                where,
                f"{principal.provider}, which is not the name of an identity provider",
                "PROVIDER:SUBJECT, where PROVIDER is the name of an [[identity_providers]] entry",
                _provider_fix(principal, providers),
            )
        elif found := subject_problem(provider, principal):
            yield Problem(where, f'the subject "{principal.subject}"', *found)


def _provider_fix(principal: Principal, providers: Sequence[IdentityProvider]) -> str:
    """Return how to name the provider: people paste a token's subject alone."""
    known = [each.name for each in providers]
    for sign, name, url in (
        ("repo", "github", f"https://{GITHUB}"),
        ("project_path", "gitlab", "https://gitlab.com"),
        ("system", "cluster", "https://oidc.eks.REGION.amazonaws.com/id/ID"),
    ):
        if there := [each.name for each in providers if principal.provider == sign and each.url == url]:
            return f'write "{there[0]}:{principal.text}"'
        if principal.provider == sign:
            entry = f'[[identity_providers]] with name = "{name}" and url = "{url}"'
            return f'add {entry}, and write "{name}:{principal.text}"'
    return did_you_mean(str(principal.provider), known) or (
        f"one of {', '.join(known)}" if known else "add an [[identity_providers]] entry of that name"
    )


def _partition(grant: Grant, prod: Environment) -> Iterator[Problem]:
    arns = [(f"principals ({p.text})", p.partition) for p in grant.principals if p.partition]
    if grant.permissions_boundary:
        arns.append(("permissions_boundary", partition_of(grant.permissions_boundary)))
    for key, partition in arns:
        if partition != prod.partition:
            yield Problem(
                at(grant, key),
                f"an ARN of the partition {partition}",
                f"{prod.partition}, the partition of {prod.region}: no access crosses partitions",
                f"begin the ARN with arn:{prod.partition}:",
            )


def _boundary_owner(grant: Grant, prod: Environment) -> Iterator[Problem]:
    owner = account_of(grant.permissions_boundary) if grant.permissions_boundary else "aws"
    if owner not in {prod.account, "aws"}:
        yield Problem(
            at(grant, "permissions_boundary"),
            f"a policy of account {owner}",
            f"a managed policy of the production account {prod.account}, or of AWS",
            "make the boundary in the production account",
        )


def _quotas(
    grant: Grant, prod: Production, keys: Mapping[str, str], providers: Sequence[IdentityProvider]
) -> Iterator[Problem]:
    trust, quota = size(trust_policy(grant, prod, providers)), prod.trust_policy_quota
    if trust > quota:
        raised = " (where AWS has raised it: trust_policy_quota in [prod])" if quota == TRUST_POLICY else ""
        yield Problem(
            at(grant, "principals"),
            f"a trust policy of {trust} characters",
            f"at most {quota}, IAM's quota{raised}",
            "split the principals over two grants, or trust an account or organization with conditions",
        )
    inline = sum(size(policy) for policy in inline_policies(grant, prod, keys).values())
    if inline > INLINE_POLICIES:
        yield Problem(
            at(grant, "places" if grant.places else "actions"),
            f"inline policies of {inline} characters",
            f"at most {INLINE_POLICIES} for one role, IAM's quota",
            f"split the {'places' if grant.places else 'actions'} or the source_ips over two grants",
        )
