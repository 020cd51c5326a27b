"""Why a request is allowed or denied: the deciding statements, or what was missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossrole.engines.simulator import Decision, Evaluated, Layer
from crossrole.evaluation.bounds import open_reasons
from crossrole.evaluation.requests import Link
from crossrole.iam.arn import account_of

ALLOWS, EXPLICITLY_DENIES, IMPLICITLY_DENIES, SILENT = (
    "allows",
    "explicitly denies",
    "implicitly denies",
    "denies nothing",
)


@dataclass(frozen=True)
class Reason:
    """What one kind of policy says of a request."""

    kind: str
    """`own policies`, `trust policy`, `permissions policies`, `permissions boundary`, `bucket policy`, `key policy`."""
    layer: str
    says: str
    statements: tuple[Evaluated, ...]
    """The statements that decide; where none does, the nearest to it."""
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Explained:
    """One request of the chain with its decision and the reasons for it."""

    link: Link
    allowed: bool
    reasons: tuple[Reason, ...]
    unless: tuple[str, ...] = ()
    """What outside the templates could allow the request, so that it is not denied."""
    depends: tuple[str, ...] = ()
    """What is not known and decides the request; nothing where the decision is certain."""
    proved: bool = False
    """Whether the prover found the decision, for every value of what is not known; the reasons are of one value."""

    @property
    def denied(self) -> bool:
        """Whether it is denied for certain."""
        return not (self.allowed or self.unless or self.depends)

    @property
    def verdict(self) -> str:
        """The decision in words."""
        if self.depends:
            return "unknown"
        return f"denied by the templates, unless {unless_text(self.unless)}" if self.unless else self._certain

    @property
    def _certain(self) -> str:
        return "allowed" if self.allowed else "denied"


def unless_text(places: Sequence[str]) -> str:
    """Return what would have to allow a request, as the end of a sentence."""
    return f"{' or '.join(places)} {'allow' if places[-1].startswith('other policies') else 'allows'} it"


def explained(
    link: Link, decision: Decision, otherwise: Decision | None = None, *, least: Decision | None = None
) -> Explained:
    """Return the decision on a request with what each kind of policy says of it.

    `decision` is the most that may be allowed, and `least` the least, where these differ. `otherwise` is the decision
    where what is outside the templates allows it, for a principal with such policies.
    """
    least = least or decision
    # The surer of the two says why: what is allowed even then, or denied even then.
    told = least if least.allowed else decision
    asked = [layer for layer in told.layers if layer.result != "NotApplicable"]
    if link.with_a_token:
        asked = [layer for layer in asked if layer.name != "identity"]
    reasons = tuple(_reason(link, layer, told) for layer in asked)
    open_ = not decision.allowed and otherwise is not None and otherwise.allowed
    explicit = any(reason.says == EXPLICITLY_DENIES for reason in reasons) and not decision.allowed
    depends = [] if explicit else [*link.depends, *([] if least.allowed else link.may_allow)]
    if decision.allowed and not least.allowed:
        depends = [*open_reasons(decision), *open_reasons(least), *depends]
    return Explained(
        link, least.allowed and not depends, reasons, link.outside if open_ else (), tuple(dict.fromkeys(depends))
    )


def _reason(link: Link, layer: Layer, decision: Decision) -> Reason:
    kind = _kind(link, layer)
    if denies := layer.deciding("Deny"):
        return Reason(kind, layer.name, EXPLICITLY_DENIES, tuple(denies), ())
    if allows := layer.deciding("Allow"):
        return Reason(kind, layer.name, ALLOWS, tuple(allows[:1]), ())
    if not _must_allow(link, layer, decision):
        return Reason(kind, layer.name, SILENT, (), ())
    near = _nearest(layer)
    return Reason(kind, layer.name, IMPLICITLY_DENIES, tuple(near), tuple(_missing(link, near)))


_NAMES = {
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "endpoint": "VPC endpoint policy",
}


def _kind(link: Link, layer: Layer) -> str:
    if layer.name in _NAMES:
        return _NAMES[layer.name]
    if layer.name == "identity":
        return "own policies" if link.kind == "assume" else "permissions policies"
    service = link.request.action.partition(":")[0]
    return (
        "trust policy" if link.kind == "assume" else {"s3": "bucket policy", "kms": "key policy"}.get(service, "policy")
    )


def _must_allow(link: Link, layer: Layer, decision: Decision) -> bool:
    if layer.name == "resource":
        # In its own account a bucket's policy need not allow what an identity's does; a role's or a key's must.
        elsewhere = account_of(link.request.principal) != link.request.account
        return elsewhere or link.kind == "assume" or link.request.action.startswith("kms:")
    return not decision.allowed and layer.result != "Allowed"


def _nearest(layer: Layer) -> list[Evaluated]:
    allows = [each for each in layer.statements if each.statement["Effect"] == "Allow"]
    if not allows:
        return []
    best = max(allows, key=_nearness)
    return [best] if best.action else []


def _nearness(evaluated: Evaluated) -> tuple[bool, bool, bool, int]:
    return evaluated.action, evaluated.principal, evaluated.resource, -len(evaluated.failed)


def _missing(link: Link, near: Sequence[Evaluated]) -> list[str]:
    request = link.request
    if not near:
        return [f"no statement allows {request.action}"]
    statement = near[0]
    missing = []
    if not statement.principal:
        missing.append(f"it trusts {_listed(_principals(statement))}, not {request.principal}")
    if not statement.resource:
        missing.append(f"it is for {_listed(statement.statement.get('Resource', []))}, not {request.resource}")
    missing += [
        f"{each.key}: wanted {_OPERATORS.get(each.operator, f'{each.operator} ')}{_listed(each.wanted)}, "
        + (f"given {each.given}" if each.given is not None else "not given")
        for each in statement.failed
    ]
    return missing


def _principals(evaluated: Evaluated) -> Any:
    principal = evaluated.statement.get("Principal", {})
    return principal if isinstance(principal, str) else [each for named in principal.values() for each in _list(named)]


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _listed(values: Any) -> str:
    return " or ".join(_list(values))


_OPERATORS = {
    "StringEquals": "exactly ",
    "ArnEquals": "exactly ",
    "StringLike": "like ",
    "ArnLike": "like ",
    "StringNotEquals": "anything but ",
    "ForAnyValue:StringLike": "like ",
    "DateLessThan": "before ",
    "DateGreaterThan": "after ",
    "NumericLessThanEquals": "at most ",
    "IpAddress": "in ",
    "Bool": "",
}
