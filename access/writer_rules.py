"""The function and its grant must meet: role, external ID, and purpose."""

from collections.abc import Iterator, Mapping

from access.environment import Environment
from access.grant import Grant
from access.model import Parts, Writer
from access.principal import PrincipalKind
from access.problem import Problem, did_you_mean

# What AWS holds a queue's mapping to at once is 2 to 1,000.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_LEAST_CONCURRENCY = 2


def writer_problems(writer: Writer, dev: Environment, parts: Parts) -> Iterator[Problem]:
    """Yield every reason why the function could not write through its grant."""
    if parts.grant_names and writer.grant not in parts.grant_names:
        yield Problem(
            "[writer]: grant",
            f'"{writer.grant}"',
            "the name of a [[grants]] entry",
            did_you_mean(writer.grant, parts.grant_names) or f"one of {', '.join(parts.grant_names)}",
        )
    yield from _topic(writer, dev)
    yield from _concurrency(writer)
    for grant in parts.grants:
        if grant.name == writer.grant:
            yield from _handshake(writer, dev, grant, {key for name, key in parts.doubts if name == grant.name})
            yield from _tags(grant, parts.tags)


def _topic(writer: Writer, dev: Environment) -> Iterator[Problem]:
    if writer.alarm_topic:
        _, partition, _, region, *_ = writer.alarm_topic.split(":")
        if (partition, region) != (dev.partition, dev.region):
            yield Problem(
                "[writer]: alarm_topic",
                f"a topic in {region}",
                f"a topic in {dev.region}, where the function and its alarms are",
                "name a topic of that region",
            )


def _concurrency(writer: Writer) -> Iterator[Problem]:
    reserved = writer.reserved_concurrency
    if writer.queue and reserved is not None and reserved < _LEAST_CONCURRENCY:
        yield Problem(
            "[writer]: reserved_concurrency",
            str(reserved),
            f"at least {_LEAST_CONCURRENCY} with queue = true: Lambda takes that many batches at once, and a batch "
            "without a free instance uses up a receive",
            "raise it, or leave it out",
        )


def _handshake(writer: Writer, dev: Environment, grant: Grant, doubts: set[str]) -> Iterator[Problem]:
    role_arn = dev.role_arn(writer.role)
    if not any(_trusts(principal.kind, principal.text, role_arn, dev.account) for principal in grant.principals):
        yield Problem(
            "[writer]: role",
            f"{role_arn}, but {grant.name} does not trust it",
            f"a role that is among the principals of [[grants]] {grant.name}",
            f'add "{role_arn}" to its principals',
        )
    written = [place for place in grant.all_places if place.writes]
    if any(place.bucket == "*" for place in written):
        yield Problem(
            "[writer]: grant",
            f"{grant.name}, on every bucket",
            "a grant on one bucket: the function writes to it",
            "give the function a grant of its own",
        )
    if len(written) > 1:
        yield Problem(
            "[writer]: grant",
            f"{grant.name}, which writes in {len(written)} places",
            "a grant that writes in one place: the function writes there",
            "give the function a grant of its own",
        )
    if not written and not doubts & {"bucket", "access", "actions", "places"}:
        yield Problem(
            "[writer]: grant",
            f"{grant.name}, which does not allow putting objects",
            "a grant that writes",
            f'add "write" to the access of {grant.name}',
        )
    if grant.mfa_max_age is not None:
        yield Problem(
            "[writer]: grant",
            f"{grant.name}, which requires MFA",
            "a grant without mfa_max_age: a function has no MFA device",
            "give the function a grant of its own",
        )


def _tags(grant: Grant, tags: Mapping[str, str]) -> Iterator[Problem]:
    if missing := {key: value for key, value in grant.caller_tags.items() if tags.get(key) != value}:
        text = ", ".join(f'{key} = "{value}"' for key, value in missing.items())
        yield Problem(
            "[writer]: grant",
            f"{grant.name}, which asks for caller_tags that the function's role does not bear: {text}",
            "tags of [tags], which every role here bears",
            f"add {text} to [tags], or give the function a grant of its own",
        )


def _trusts(kind: PrincipalKind, text: str, role_arn: str, account: str) -> bool:
    """Return whether a principal includes the function's role, as far as the file shows."""
    # The file does not say whether the dev account belongs to an organization; the synth warns about it.
    in_organization = kind in {PrincipalKind.ORGANIZATION, PrincipalKind.ORGANIZATIONAL_UNIT}
    return in_organization or text in {role_arn, account}
