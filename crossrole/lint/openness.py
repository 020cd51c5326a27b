"""Rules about who is let in: everyone, a whole account, and all that is not named.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html says what S3 calls public.
"""

import re
from collections.abc import Callable, Iterator

from crossrole.iam.wildcards import covers, has_wildcard
from crossrole.lint.actions import gives
from crossrole.lint.addresses import are_nearly_all, network
from crossrole.lint.conditions import MFA_KEYS
from crossrole.lint.documents import Condition, Statement
from crossrole.lint.kinds import BUCKET, FUNCTION, QUEUE, TOPIC, TRUST
from crossrole.lint.rule import GUIDE, Rule
from crossrole.unknown import is_known

# Without sts:ExternalId, tags and users' names: callers in any account can have these.
_CLOSING_KEYS = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "kms:calleraccount",
    "lambda:eventsourcetoken",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
}
_KINDS = {"String", "Arn", "IpAddress"}
# The widest range that S3 does not call public.
_WIDEST = {4: 8, 6: 32}
_COLONS_OF_AN_ARN = 5
# What is the same for everyone in an account, or says nothing about who asks.
_OF_NOBODY = {
    "aws:currenttime",
    "aws:epochtime",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:securetransport",
    "sts:rolesessionname",
}
_OF_EVERY_REQUEST = {"aws:principalarn", "aws:userid"}
_SOURCES = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"}
# EventBridge sends a topic no source, CloudFormation a macro none, and a target group is made after its permission.
_WITHOUT_SOURCE = {(FUNCTION, "cloudformation"), (FUNCTION, "elasticloadbalancing"), (TOPIC, "events")}
# Where services deliver logs, the path names the account that they act for.
_OF_ONE_ACCOUNT = re.compile(r"AWSLogs/[0-9]{12}/")


def _open_to_everyone(statement: Statement) -> Iterator[str]:
    if not statement.allows or statement.document.kind.limits or ("AWS", "*") not in statement.principals:
        return
    if not _is_closed(statement, _closes):
        yield (
            'Allow for Principal "*" allows everyone in AWS; name the callers, or add a condition that every caller '
            "must meet, such as StringEquals aws:PrincipalOrgID"
        )


def _is_closed(statement: Statement, closes: Callable[[Condition], bool]) -> bool:
    """Return whether a condition closes it: its own, all of which must hold, or that of a Deny beside it."""
    if statement.has_unknown_conditions or statement.document.may_deny_more:
        return True
    demanded = [each for each in statement.conditions if each.demands or each.folded in _OF_EVERY_REQUEST]
    own = [each for each in demanded if not each.parsed.negates]
    return any(map(closes, [*own, *statement.closing_conditions]))


def _closes(condition: Condition) -> bool:
    """Return whether a condition limits the caller to an account, a network, a resource or the like.

    Of its values any may hold, so all must close.
    """
    if condition.folded not in _CLOSING_KEYS or condition.parsed.kind not in _KINDS:
        return False
    return all(map(_value_closes, condition.values)) and not are_nearly_all(condition.values)


def _value_closes(value: str) -> bool:
    # A variable about the resource is fixed; one about the caller is true for every caller.
    fixed = re.sub(r"\$\{aws:Resource[^}]*\}", "fixed", value, flags=re.IGNORECASE)
    if "${" in fixed:
        return False
    if fixed.startswith("arn:"):
        return _arn_closes(fixed)
    given = network(fixed)
    # o-a1b2c3d4e5/* is one organization, AROA…:* one role, vpc-* every network.
    return given.prefixlen >= _WIDEST[given.version] if given else not has_wildcard(re.split("[:/]", fixed)[0])


def _arn_closes(arn: str) -> bool:
    if arn.count(":") < _COLONS_OF_AN_ARN:
        return False
    account, resource = arn.split(":", _COLONS_OF_AN_ARN)[-2:]
    # A bucket's ARN has no account, but there is only one bucket of a name.
    return not has_wildcard(account or resource)


def _allow_not_principal(statement: Statement) -> Iterator[str]:
    kind = statement.document.kind
    if statement.allows and "NotPrincipal" in statement.body and kind.principals is not False and kind != TRUST:
        yield "Allow with NotPrincipal allows everyone in AWS except those it names; name the callers under Principal"


def _allow_not_action(statement: Statement) -> Iterator[str]:
    if statement.allows and "NotAction" in statement.body and not statement.document.kind.limits:
        yield "Allow with NotAction allows every action except those it names, future ones too; list them under Action"


def _allow_not_resource(statement: Statement) -> Iterator[str]:
    kind = statement.document.kind
    if statement.allows and "NotResource" in statement.body and kind.resources is not False and not kind.limits:
        yield "Allow with NotResource allows it on all but the named ones, future ones too; list them under Resource"


def _whole_account(statement: Statement) -> Iterator[str]:
    if statement.document.kind != TRUST or not statement.allows or not gives(statement, "sts:AssumeRole"):
        return
    for account in dict.fromkeys(_accounts(statement)):
        if not _is_closed(statement, _narrows):
            yield (
                f"everyone in {account} whom that account's own policies allow can assume the role: no condition "
                "narrows it; name its roles or users under ArnEquals aws:PrincipalArn, or ask for an sts:ExternalId"
            )


def _accounts(statement: Statement) -> Iterator[str]:
    """Yield the accounts that are trusted as such: as principals, or of all principals by a condition."""
    names = [name for kind, name in statement.principals if kind == "AWS"]
    for each in statement.conditions if "*" in names else ():
        if each.folded == "aws:principalaccount" and each.demands:
            names += each.values
    for match in (re.fullmatch(r"(?:arn:[^:]*:iam::)?([0-9]{12})(?::root)?", name) for name in names):
        if match:
            yield match[1]


def _narrows(condition: Condition) -> bool:
    """Return whether a condition takes in only some of an account's principals, or only some of their requests."""
    if condition.folded in _OF_NOBODY:
        return False
    if condition.folded == "aws:sourceip":
        return not are_nearly_all(condition.values)
    if condition.parsed.kind == "Null":
        return condition.folded not in _OF_EVERY_REQUEST
    return all(map(_is_some, condition.values)) or condition.folded in MFA_KEYS


def _is_some(value: str) -> bool:
    resource = value.split(":", _COLONS_OF_AN_ARN)[-1] if value.startswith("arn:") else value
    return not any(covers(resource, each) for each in ("*", "role/*", "user/*", "assumed-role/*"))


def _beside_accounts(statement: Statement) -> Iterator[str]:
    if statement.document.kind != TRUST or not statement.allows:
        return
    beside = [each for each in statement.document.statements if each.allows]
    if not any(kind == "AWS" for each in beside for kind, _ in each.principals):
        return
    for kind, words in (("Service", "the service"), ("Federated", "the identity provider")):
        for name in (name for given, name in statement.principals if given == kind):
            yield f"{words} {name} can assume it beside accounts; give it a role of its own"


def _service_without_source(statement: Statement) -> Iterator[str]:
    kind = statement.document.kind
    if kind not in {BUCKET, FUNCTION, QUEUE, TOPIC} or not statement.allows or statement.has_unknown_conditions:
        return
    if kind == BUCKET and not any(gives(statement, each) for each in ("s3:GetObject", "s3:PutObject")):
        return  # such as the look at the bucket's owner before logs are delivered
    if all(_OF_ONE_ACCOUNT.search(each) or not is_known(each) for each in statement.texts("Resource") or [""]):
        return
    keys = {each.folded for each in statement.conditions if each.demands}
    for _, name in [each for each in statement.principals if each[0] == "Service" and is_known(each[1])]:
        service = re.sub(r"\.(amazonaws|amazon)\.com.*$", "", name)
        closing = {*_SOURCES, "aws:principalorgid", "lambda:eventsourcetoken"} & keys
        if not closing and (kind, service) not in _WITHOUT_SOURCE:
            yield (
                f"{name} may act here for every customer of AWS, not only for you; add a condition on aws:SourceArn or "
                "aws:SourceAccount"
            )
        elif service == "s3" and kind == FUNCTION and closing == {"aws:sourcearn"}:
            yield (
                "a bucket's name may be taken by another account once the bucket is deleted; add SourceAccount beside "
                "SourceArn"
            )


_ELEMENTS = f"{GUIDE}/reference_policies_elements"

OF_STATEMENTS = (
    Rule(
        "open-to-everyone",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
        "Everyone in AWS is allowed: no condition limits the caller to an account, a network or the like.",
        "What is allowed is for the public, such as the files of a website.",
        _open_to_everyone,
    ),
    Rule(
        "allow-not-principal",
        f"{_ELEMENTS}_notprincipal.html",
        "Allow with NotPrincipal, which allows everyone else in AWS.",
        "What is allowed is for the public but for those named.",
        _allow_not_principal,
    ),
    Rule(
        "allow-not-action",
        f"{_ELEMENTS}_notaction.html",
        "Allow with NotAction, which allows every other action, also of services to come.",
        "The holder is an administrator of all but what is named.",
        _allow_not_action,
    ),
    Rule(
        "allow-not-resource",
        f"{_ELEMENTS}_notresource.html",
        "Allow with NotResource, which allows it on every other resource, also on those to come.",
        "The holder works on every resource but those named.",
        _allow_not_resource,
    ),
    Rule(
        "whole-account",
        f"{GUIDE}/id_roles_common-scenarios_aws-accounts.html",
        "A role trusts a whole account, and no condition narrows it.",
        "The account's administrators decide who of it may assume the role.",
        _whole_account,
    ),
    Rule(
        "mixed-trust",
        f"{GUIDE}/id_roles_update-role-trust-policy.html",
        "A role that accounts may assume trusts a service or an identity provider as well.",
        "Both are to have the same permissions, and who used them need not be told apart.",
        _beside_accounts,
    ),
    Rule(
        "service-without-source",
        f"{GUIDE}/confused-deputy.html",
        "A service is allowed for whoever makes it act, since no condition names a source.",
        "The service sends no source, or the resource's own name says for whom it acts.",
        _service_without_source,
    ),
)
