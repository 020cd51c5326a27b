"""Examples of what a grant denies: requests that the policy simulator is asked about and denies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from crossrole.engines.simulator import Request, Simulator
from crossrole.evaluation.callers import SOMEWHERE, representative
from crossrole.evaluation.question import Question
from crossrole.evaluation.requests import CERTAIN, Link, free, links_of, otherwise
from crossrole.iam.actions import ASSUME, works_on_no_resource
from crossrole.iam.arn import bucket_arn, role_arn
from crossrole.iam.policy import instant
from crossrole.report.allowed import EVERY_BUCKET, Access, accesses
from crossrole.report.callers import WIDE, Caller, callers_of
from crossrole.report.words import Name, Words, duration, moment
from crossrole.templates.grant import Grant
from crossrole.templates.inventory import Inventory

_ANOTHER = "another"
_ACTIONS = {"read": "s3:GetObject", "write": "s3:PutObject", "delete": "s3:DeleteObject", "list": "s3:ListBucket"}


@dataclass(frozen=True)
class Probe:
    """A request, and what it is in words."""

    words: Words
    request: Request


def denied_of(inventory: Inventory, simulator: Simulator, grants: Sequence[Grant], now: datetime) -> list[list[Words]]:
    """Return for each grant which of the example requests it denies.

    Keys that a request's context does not fix are free, so a denial holds for every request of its kind. A request that
    a policy outside the templates may allow is not reported as denied.
    """
    probes = [list(_probes(inventory, grant, now)) for grant in grants]
    decisions = iter(simulator.decide([probe.request for each in probes for probe in each]))
    return [[probe.words for probe in each if not next(decisions).allowed] for each in probes]


def _probes(inventory: Inventory, grant: Grant, now: datetime) -> Iterator[Probe]:
    def acting(words: Words, action: str, resource: str) -> Probe:
        question = Question(grant.arn, None, action, resource, {}, now)
        link = next(each for each in links_of(inventory, question) if each.kind == "act")
        return _probe(words, link, free(link, CERTAIN | {"aws:CurrentTime", "aws:TokenIssueTime"}))

    found = accesses(grant)
    place = found[0] if found else Access((), (), f"{_ANOTHER}-bucket", "", whole=True)
    bucket = f"{_ANOTHER}-bucket" if place.bucket == EVERY_BUCKET else place.bucket
    arn = bucket_arn(grant.partition, bucket)
    here = ("under ", Name(f"{bucket}/{place.prefix}")) if place.prefix else ("in ", Name(bucket))
    for verb, words in (
        ("write", "writing an object "),
        ("read", "reading an object "),
        ("delete", "deleting an object "),
    ):
        yield acting((words, *here), _ACTIONS[verb], f"{arn}/{place.prefix}example")
    yield acting(("listing ", Name(bucket)), "s3:ListBucket", arn)
    usual = _usual(place)
    if usual and not place.whole:
        outside = (f"{usual[1]} an object outside ", Name(place.prefix))
        yield acting(outside, usual[0], f"{arn}/{_ANOTHER}-prefix/example")
    if usual and place.bucket != EVERY_BUCKET:
        yield acting((f"{usual[1]} an object in another bucket",), usual[0], f"{arn}-{_ANOTHER}/example")
    yield acting(("deleting the bucket ", Name(bucket)), "s3:DeleteBucket", arn)
    yield acting(("anything outside S3, such as reading a secret",), "secretsmanager:GetSecretValue", _secret(grant))
    yield from _assuming(inventory, grant, now)


def _probe(words: Words, link: Link, request: Request) -> Probe:
    return Probe(words, otherwise(request) if link.elsewhere else request)


def _secret(grant: Grant) -> str:
    return f"arn:{grant.partition}:secretsmanager:{grant.region}:{grant.account}:secret:example-AbCdEf"


def _usual(place: Access) -> tuple[str, str] | None:
    """Return an action on objects that the grant allows, and its word."""
    words = {"write": "writing", "read": "reading", "delete": "deleting"}
    for verb, word in words.items():
        if verb in place.verbs or "everything" in place.verbs:
            return _ACTIONS[verb], word
    exact = [each for each in place.exact if "Object" in each and not works_on_no_resource(each)]
    return (exact[0], f"{exact[0]} on") if exact else None


def _assuming(inventory: Inventory, grant: Grant, now: datetime) -> Iterator[Probe]:
    callers = callers_of(grant)
    if not callers:
        return
    caller = callers[0]

    def assuming(words: Words, principal: str, fixed: dict[str, str]) -> Probe:
        question = Question(principal, None, ASSUME, grant.arn, {}, now)
        link = links_of(inventory, question)[0]
        asked = free(link, CERTAIN if "aws:CurrentTime" in fixed else CERTAIN | {"aws:CurrentTime"})
        return _probe(("assuming the role ", *words), link, replace(asked, context={**asked.context, **fixed}))

    arn = representative(caller.principal, grant.role, grant.partition).arn
    # Denied only where nobody can use the grant at the moment.
    yield assuming(("as ", *caller.words), arn, {})
    if caller.kind in {"role", "user", "permission set"}:
        stranger = role_arn(grant.partition, caller.account, f"{_ANOTHER}-role")
        yield assuming(("as another role of ", Name(caller.account)), stranger, {})
    if caller.kind not in {"organization", "unit", "everyone"}:
        outsider = role_arn(grant.partition, SOMEWHERE, f"{_ANOTHER}-role")
        yield assuming(("from any other account",), outsider, {})
    else:
        ids = {"aws:PrincipalOrgID": "o-another000"}
        outside = ("from outside the organization",)
        yield assuming(
            outside, arn, ids if caller.kind == "organization" else ids | {"aws:PrincipalOrgPaths": "o-another000/"}
        )
    yield from (assuming(words, arn, fixed) for words, fixed in _missing(grant, caller))


def _missing(grant: Grant, caller: Caller) -> Iterator[tuple[Words, dict[str, str]]]:
    """Yield a way to miss each condition of the trust policy."""
    if grant.external_id is not None:
        yield ("with another external id",), {"sts:ExternalId": f"{_ANOTHER}-external-id"}
    if grant.mfa_max_age is not None:
        late = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(grant.mfa_max_age + 1)}
        yield (f"with an MFA code older than {duration(grant.mfa_max_age)}",), late
    if grant.organizations and caller.kind not in WIDE:
        yield ("from outside the organization",), {"aws:PrincipalOrgID": "o-another000"}
    if (address := _outside(grant.source_ips)) is not None:
        yield ("from another address, such as ", Name(address)), {"aws:SourceIp": address}
    if grant.expires:
        after = instant(grant.expires + timedelta(seconds=1))
        yield (f"after {moment(grant.expires)}",), {"aws:CurrentTime": after}


def _outside(ranges: Sequence[str]) -> str | None:
    """Return an address for documentation that none of the ranges holds; None where there are no ranges."""
    networks = [ip_network(each, strict=False) for each in ranges]
    # https://www.rfc-editor.org/rfc/rfc5737
    known = ("192.0.2.1", "198.51.100.1", "203.0.113.1")
    free_ones = (each for each in known if not any(ip_address(each) in network for network in networks))
    return next(free_ones, None) if ranges else None
