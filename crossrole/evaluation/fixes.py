"""The shortest change that would turn a denial into an allow: in access.toml where it lies there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crossrole.engines.simulator import Context, FailedCondition, Request
from crossrole.errors import nearest
from crossrole.escaping import quoted, toml_text
from crossrole.evaluation.reasons import EXPLICITLY_DENIES, IMPLICITLY_DENIES, Explained, Reason
from crossrole.iam.actions import ASSUME, details
from crossrole.iam.arn import account_of, is_role, name_of
from crossrole.iam.names import DISABLED
from crossrole.iam.policy import Statement, texts, trusted
from crossrole.iam.session_denials import denies_everyone
from crossrole.templates.inventory import Identity, Inventory

_ACCESS = {
    "s3:getobject": "read",
    "s3:putobject": "write",
    "s3:abortmultipartupload": "write",
    "s3:listmultipartuploadparts": "write",
    "s3:listbucket": "list",
    "s3:deleteobject": "delete",
}
_OF_A_KEY = ("kms:generatedatakey", "kms:decrypt")
"""What S3 does with a bucket's key for a role that writes and reads."""


@dataclass(frozen=True)
class Fix:
    """What to do; `grant`, `key`, `do` and `value` say the change to access.toml, where it is one."""

    text: str
    grant: str | None = None
    key: str | None = None
    do: str | None = None
    value: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fix for `--json`."""
        change = {"grant": self.grant, "key": self.key, "do": self.do, "value": self.value}
        return {"text": self.text, "change": change if self.grant else None}


def fixes_of(inventory: Inventory, found: Sequence[Explained], ways: Sequence[str]) -> Iterator[Fix]:
    """Yield what would have to be fixed, each once; nothing for what is allowed.

    `ways` are the names of the grants through which the caller can; they matter where a request `wants_a_grant`.
    """
    fixes = [fix for link in found if link.denied or link.unless for fix in _of_link(inventory, link, ways)]
    if not inventory.has_access_file:
        denied = [link for link in found if link.denied or link.unless]
        fixes = [fix if _ACCESS_FILE not in fix.text else _elsewhere(_by_hand(denied[0])) for fix in fixes]
    yield from dict.fromkeys(fixes)


_ACCESS_FILE = "access.toml"


def _by_hand(link: Explained) -> str:
    """Return what has to be changed where no access.toml makes the policies."""
    request = link.link.request
    if link.link.kind == "assume" and any(each.kind == "trust policy" for each in _reasons(link, IMPLICITLY_DENIES)):
        return f"let {request.resource} trust {request.principal}"
    return f"let {request.principal} do {request.action} on {request.resource}"


def wants_a_grant(inventory: Inventory, link: Explained) -> bool:
    """Return whether the fix is to act through a grant: nothing denies the request, and no grant's session makes it."""
    denied = (link.denied or bool(link.unless)) and not _reasons(link, EXPLICITLY_DENIES)
    return (
        denied
        and not _limits(link)
        and link.link.kind != "assume"
        and _grant(inventory, link.link.request.principal) is None
    )


def _of_link(inventory: Inventory, link: Explained, ways: Sequence[str]) -> list[Fix]:
    request = link.link.request
    if denying := _reasons(link, EXPLICITLY_DENIES):
        return [fix for reason in denying for fix in _lift(inventory, link, reason)]
    if limits := _limits(link):
        return [_elsewhere(f"let the {each.kind} allow {request.action}") for each in limits]
    if link.link.kind == "assume":
        return [fix for reason in _reasons(link, IMPLICITLY_DENIES) for fix in _let_in(inventory, link, reason)]
    if wants_a_grant(inventory, link):
        return [_go_through_a_grant(request, ways)]
    grant = inventory.grant(request.principal)
    if link.link.kind == "key":
        return [_elsewhere(f"let {grant.name} use the bucket's key: {request.resource}")]
    return [fix for reason in _reasons(link, IMPLICITLY_DENIES) for fix in _widen(grant, link, reason)]


def _limits(link: Explained) -> list[Reason]:
    """Return the policies beside the principal's and the resource's own that do not allow what they would have to."""
    return [each for each in _reasons(link, IMPLICITLY_DENIES) if each.layer in {"session", "scp", "endpoint"}]


def _reasons(link: Explained, says: str) -> list[Reason]:
    return [reason for reason in link.reasons if reason.says == says]


def _grant(inventory: Inventory, arn: str) -> Identity | None:
    return next((grant for grant in inventory.grants if grant.arn == arn), None)


def _lift(inventory: Inventory, link: Explained, reason: Reason) -> Iterator[Fix]:
    request = link.link.request
    role = request.resource if link.link.kind == "assume" else request.principal
    grant = _grant(inventory, role)
    for evaluated in reason.statements:
        sid = evaluated.statement.get("Sid")
        keys = {key.lower() for block in evaluated.statement.get("Condition", {}).values() for key in block}
        everyone = "Principal" not in evaluated.statement or denies_everyone(evaluated.statement)
        if sid == DISABLED and grant and everyone and not keys:
            yield _change(grant.name, "disabled", "remove", None, "take out disabled = true")
        elif keys == {"aws:tokenissuetime"} and grant and _revokes_later(evaluated.statement, request.context):
            yield _change(
                grant.name, "revoked_before", "set", None, "wait until then, or set an earlier revoked_before"
            )
        elif keys == {"aws:tokenissuetime"}:
            yield _elsewhere("assume the role again: sessions from before that moment are revoked, new ones are not")
        elif "aws:securetransport" in keys:
            yield _elsewhere("use https")
        elif "s3:tlsversion" in keys:
            yield _elsewhere("use TLS 1.2 or newer")
        else:
            yield _elsewhere(f"change {evaluated.policy.place}, which denies it")


def _revokes_later(statement: Statement, context: Context) -> bool:
    """Return whether even a session that is begun now would be revoked; both moments are in UTC, to the second."""
    moments = [str(moment) for keys in statement["Condition"].values() for moment in keys.values()]
    return any(moment > str(context["aws:CurrentTime"]) for moment in moments)


def _let_in(inventory: Inventory, link: Explained, reason: Reason) -> Iterator[Fix]:
    caller, role = link.link.request.principal, link.link.request.resource
    grant = _grant(inventory, role)
    if link.link.with_a_token:
        yield _take_the_token(grant, link, reason)
        return
    failed = [each for evaluated in reason.statements for each in evaluated.failed]
    stranger = not reason.statements or any(not evaluated.principal for evaluated in reason.statements)
    if reason.kind == "own policies" and not failed:
        yield _elsewhere(
            f"let {caller} do {ASSUME} on {role}, in {account_of(caller)}{_by_crossrole(inventory, caller)}"
        )
    elif grant is None:
        yield _elsewhere(f"let {role} trust {caller}")
    elif reason.kind == "trust policy" and (stranger or any(each.key == "aws:PrincipalArn" for each in failed)):
        yield _trust(grant, caller, reason)
    else:
        yield from (_meet(grant, each, reason) for each in failed)


def _take_the_token(grant: Identity | None, link: Explained, reason: Reason) -> Fix:
    """Return how the trust takes the token, or the token what the trust asks."""
    request = link.link.request
    audience = next((each for each in reason.statements for failed in each.failed if failed.key.endswith(":aud")), None)
    if audience:
        wanted = [" or ".join(each.wanted) for each in audience.failed if each.key.endswith(":aud")]
        return _elsewhere(f"let the token be made for the audience {wanted[0]}")
    subject = next((str(value) for key, value in request.context.items() if key.lower().endswith(":sub")), None)
    name = link.link.step.removeprefix("a token of ").partition(" ")[0]
    if grant is None or subject is None:
        return _elsewhere(f"let {request.resource} trust {request.principal}")
    principal = f"{name}:{subject}"
    return _change(grant.name, "principals", "add", principal, f"add {toml_text(principal)} to principals")


def _trust(grant: Identity, caller: str, reason: Reason) -> Fix:
    meant = nearest(name_of(caller), [name_of(each) for each in trusted(grant.trust)] if grant.trust else [])
    asks_mfa = any("MultiFactorAuth" in str(evaluated.statement) for evaluated in reason.statements)
    if asks_mfa and is_role(caller):
        return _elsewhere(f"make a grant of its own for {caller}: {grant.name} asks for MFA, which no role can give")
    return _change(grant.name, "principals", "add", caller, f"add {toml_text(caller)} to principals{meant}")


def _by_crossrole(inventory: Inventory, caller: str) -> str:
    if is_role(caller):
        ours = caller in inventory.roles
        return "; the function's role gets it from [writer] grant in access.toml" if ours else ""
    return "; DevCallersStack gives it to the users of [dev] and [[accounts]] that a grant names"


def _widen(grant: Identity, link: Explained, reason: Reason) -> Iterator[Fix]:
    request = link.link.request
    if reason.kind != "permissions policies":
        yield _elsewhere(f"change the {reason.kind}")
        return
    several = len(_places(grant)) > 1 and request.action.startswith("s3:") and request.action != "s3:ListAllMyBuckets"
    if several and (not reason.statements or not reason.statements[0].resource):
        yield _another_place(grant, request)
        return
    if not reason.statements:
        yield _more_access(grant, request.action)
        return
    (near,) = reason.statements
    if near.resource:
        yield from (_meet(grant, each, reason) for each in near.failed)
        return
    bucket, _, key = request.resource.rpartition(":")[2].partition("/")
    wanted = near.statement.get("Resource")
    if not wanted:
        # A statement of NotResource is none that access.toml makes.
        yield _elsewhere(f"let {grant.arn} do {request.action} on {request.resource}")
        return
    first = (wanted if isinstance(wanted, str) else wanted[-1]).rpartition(":")[2]
    if first.partition("/")[0] != bucket:
        yield _change(
            grant.name, "bucket", "set", bucket, f"set bucket = {toml_text(bucket)}, or make another grant for it"
        )
        if key.startswith(first.partition("/")[2].removesuffix("*")):
            return
    folder = f"{key.rpartition('/')[0]}/" if "/" in key else ""
    prefix = first.partition("/")[2].removesuffix("*")
    yield _change(
        grant.name,
        "prefix",
        "set" if folder else "remove",
        folder or None,
        f"use a key under {prefix}, or "
        + (f"set prefix = {toml_text(folder)}" if folder else "take out prefix, which opens every key"),
    )


def _places(grant: Identity) -> set[str]:
    """Return the buckets, each with the keys that a role reaches there."""
    return {
        resource
        for policy in grant.policies
        for statement in policy.statements
        if statement["Effect"] == "Allow"
        for resource in texts(statement.get("Resource"))
        if "/" in resource and ":s3:::" in resource
    }


def _another_place(grant: Identity, request: Request) -> Fix:
    """Return the place to add to a grant of several places, or to change there."""
    bucket, _, key = request.resource.rpartition(":")[2].partition("/")
    folder = f"{key.rpartition('/')[0]}/" if "/" in key else ""
    prefix = f", prefix = {toml_text(folder)}" if folder else ""
    access = _ACCESS.get(request.action.lower())
    given = f'access = ["{access}"]' if access else f'actions = ["{request.action}"]'
    place = f"bucket = {toml_text(bucket)}{prefix}"
    return _change(grant.name, "places", "add", place, f"let one of its [[grants.places]] have {place} and {given}")


def _more_access(grant: Identity, action: str) -> Fix:
    if action == "s3:ListAllMyBuckets":
        return _change(grant.name, "list_buckets", "set", "true", "set list_buckets = true")
    access = _ACCESS.get(action.lower())
    if access:
        return _change(grant.name, "access", "add", access, f'add "{access}" to access')
    works_on = {each["name"] for each in details(action)["resourceTypes"]}
    if action.startswith("s3:") and works_on & {"bucket", "object"}:
        return _change(grant.name, "actions", "add", action, f'add "{action}" to actions')
    if action.lower() in _OF_A_KEY:
        return _elsewhere(
            "access.toml: kms_key = the key's ARN, in the [[buckets]] entry of the bucket: every grant on it may then "
            "use the key through S3"
        )
    return _nothing_gives(action)


def _nothing_gives(action: str) -> Fix:
    return _elsewhere(f"nothing in access.toml gives {action}: a grant is for a bucket and its objects")


def _meet(grant: Identity, failed: FailedCondition, reason: Reason) -> Fix:
    key, wanted = failed.key.lower(), " or ".join(failed.wanted)
    if key.startswith(_OF_SERVICES):
        places = " and ".join(dict.fromkeys(each.policy.place for each in reason.statements))
        return _elsewhere(
            f"take the condition on {failed.key} out of {places}: only a call that an AWS service makes for itself "
            "carries it, so that no role or user meets it"
        )
    if key == "aws:currenttime":
        return _change(grant.name, "expires", "set", None, "set a later expires, or take it out")
    if key == "aws:sourceip" and failed.given is not None:
        here = _as_range(failed.given)
        return _change(grant.name, "source_ips", "add", here, f"add {toml_text(here)} to source_ips")
    text = _BY_THE_CALLER.get(key, "call with {key} {wanted}")
    values = {"wanted": wanted, "word": quoted(wanted), "prefix": quoted(failed.wanted[0].removesuffix("*"))}
    return _elsewhere(text.format(key=failed.key, **values))


_OF_SERVICES = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorg", "aws:sourceowner", "aws:principalservicename")
_MFA = (
    "give a fresh MFA code with the call (--serial-number, --token-code), or "
    "--context aws:MultiFactorAuthPresent=true --context aws:MultiFactorAuthAge=60 here"
)
_BY_THE_CALLER = {
    "sts:externalid": "send the external ID: --external-id {word}, or --context sts:ExternalId={word} here",
    "aws:multifactorauthpresent": _MFA,
    "aws:multifactorauthage": _MFA,
    "aws:sourceip": "call from {wanted}, or --context aws:SourceIp=… here",
    "aws:principalorgid": "call from an account in {wanted}, or --context {key}=… here",
    "aws:principalorgpaths": "call from an account in {wanted}, or --context {key}=… here",
    "s3:prefix": "list under the prefix: --prefix {prefix}, or --context s3:prefix={prefix} here",
    "aws:resourceaccount": "the bucket is to be in {wanted}: a grant reaches only its own account's buckets",
    "kms:viaservice": "use the key through S3 alone, by reading and writing objects",
}


def _as_range(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"


def _go_through_a_grant(request: Request, ways: Sequence[str]) -> Fix:
    if ways:
        return _elsewhere(f"assume {' or '.join(ways)} first: ask for {name_of(request.principal)} via {ways[0]}")
    if request.action.lower().startswith(("s3:", *_OF_A_KEY)):
        return _elsewhere("make a grant for it in access.toml, and assume that")
    return _nothing_gives(request.action)


def _change(grant: str, key: str, do: str, value: str | None, text: str) -> Fix:
    return Fix(f"access.toml, [[grants]] {grant}: {text}", grant, key, do, value)


def _elsewhere(text: str) -> Fix:
    return Fix(text)
