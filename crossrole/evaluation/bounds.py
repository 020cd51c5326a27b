"""What a request is allowed at least and at most, where something that decides it is not known.

A statement with an unknown part surely matches, or it may match. At least allowed is what the sure Allow statements
allow beside every Deny that may match; at most, what every Allow that may match allows beside the sure Deny statements.
Where both give the same decision, it holds for every value of what is not known.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from crossrole.engines.simulator import Decision, Request
from crossrole.iam.arn import account_of, account_root_arn, is_role, name_of, partition_of, session_arn
from crossrole.iam.condition_operators import Operator, operator_of
from crossrole.iam.policy import Policy, Statement, is_unique_id, texts
from crossrole.iam.request_keys import is_among
from crossrole.unknown import has_unknowns, is_unknown, may_be, unknowns_in

NOBODY = "000000000000"
"""An account that no one has: a principal of it is not the caller."""
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_TOKENS = re.compile("\ue000[^\ue001]*\ue001")


@dataclass(frozen=True)
class Bounded(Policy):
    """A policy of which nothing is unknown any more, with each statement as it was and what it depends on."""

    origins: tuple[Statement, ...] = ()
    reasons: tuple[tuple[str, ...], ...] = ()

    def shown(self, number: int) -> Statement:
        """Return a statement as the template has it."""
        return self.origins[number]


@dataclass(frozen=True)
class Bounds:
    """One request twice: as it is allowed at least, and at most."""

    least: Request
    most: Request

    @property
    def certain(self) -> bool:
        """Whether nothing that may decide the request is unknown."""
        return self.least is self.most


def bounds_of(request: Request) -> Bounds:
    """Return the two requests between which the truth lies; both the same where everything is known.

    The conditions of a free request on keys of any value stay: its answer says what they must be.
    """
    facts = _Facts(request)
    trust = request.action.startswith(("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"))
    identity = [facts.bounded(policy, "Resource") for policy in request.identity]
    boundary = facts.bounded(request.boundary, "Resource") if request.boundary else None
    attached = (
        facts.bounded(request.resource_policy, "Principal" if trust else "Both") if request.resource_policy else None
    )
    session = facts.bounded(request.session_policy, "Resource") if request.session_policy else None
    scps = [[facts.bounded(policy, "Resource") for policy in level] for level in request.scps]
    rcps = [[facts.bounded(policy, "Both") for policy in level] for level in request.rcps]
    endpoint = [facts.bounded(policy, "Resource", of_endpoint=True) for policy in request.endpoint]
    alone = [each for each in (boundary, attached, session) if each]
    every = [*identity, *alone, *endpoint, *(each for level in [*scps, *rcps] for each in level)]
    unsure = is_unknown(request.restricts_public)

    def made(number: int) -> Request:
        return replace(
            request,
            identity=tuple(each[number] for each in identity),
            boundary=boundary[number] if boundary else None,
            resource_policy=attached[number] if attached else None,
            session_policy=session[number] if session else None,
            scps=tuple(tuple(each[number] for each in level) for level in scps),
            rcps=tuple(tuple(each[number] for each in level) for level in rcps),
            endpoint=tuple(each[number] for each in endpoint),
            restricts_public=("true", "false")[number] if unsure else request.restricts_public,
        )

    least = made(0)
    return Bounds(least, made(1) if unsure or any(one is not other for one, other in every) else least)


@dataclass(frozen=True)
class _Match:
    """An element of a statement as it surely matches (None: it does not), as it may match, and why these differ."""

    sure: Mapping[str, Any] | None
    may: Mapping[str, Any] | None
    reasons: tuple[str, ...] = ()


_Kept = tuple[Statement, Statement, tuple[str, ...]]
"""A statement as an engine gets it, as the template has it, and what it depends on."""


def _bounded(policy: Policy, kept: Sequence[_Kept]) -> Bounded:
    return Bounded(
        policy.template,
        policy.logical_id,
        policy.name,
        {**policy.document, "Statement": [made for made, _, _ in kept]},
        tuple(origin for _, origin, _ in kept),
        tuple(reasons for _, _, reasons in kept),
    )


@dataclass(frozen=True)
class _Facts:
    request: Request

    def bounded(self, policy: Policy, whole: str, *, of_endpoint: bool = False) -> tuple[Policy, Policy]:
        """Return a policy as it allows least and most; `whole` says where a statement about everything says so.

        The engine asks no principal of an endpoint's policy, so its statements about others are left out here.
        """
        least: list[_Kept] = []
        most: list[_Kept] = []
        for statement in policy.statements:
            if is_unknown(statement.get("Effect")):
                reasons = tuple(each.text for each in unknowns_in(statement["Effect"]))
                least.append((_everything("Deny", whole), statement, reasons))
                most.append((_everything("Allow", whole), statement, reasons))
                continue
            match = self._without_principal(statement) if of_endpoint else self._statement(statement)
            allows = statement["Effect"] == "Allow"
            for kept, made in (
                (least, match.sure if allows else match.may),
                (most, match.may if allows else match.sure),
            ):
                if made is not None:
                    kept.append((made, statement, match.reasons))
        first = _bounded(policy, least)
        return first, first if not any(reasons for _, _, reasons in [*least, *most]) else _bounded(policy, most)

    def _without_principal(self, statement: Statement) -> _Match:
        caller, named = self.request.principal, statement.get("Principal", "*")
        root = account_root_arn(partition_of(caller), account_of(caller))
        names = texts(named.get("AWS")) if isinstance(named, Mapping) else [named]
        if "NotPrincipal" in statement or has_unknowns(names):
            anyone = {key: value for key, value in statement.items() if "Principal" not in key} | {"Principal": "*"}
            return _Match(None, anyone, ("the principals of the VPC endpoint's policy",))
        match = self._statement({key: value for key, value in statement.items() if key != "Principal"})
        # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
        theirs = {"*", caller, root, account_of(caller), self._self()} & set(names)
        if not theirs:
            return _Match(None, None)
        sure, may = ({**each, "Principal": "*"} if each is not None else None for each in (match.sure, match.may))
        return _Match(sure, may, match.reasons)

    def _statement(self, statement: Statement) -> _Match:
        sure: dict[str, Any] | None = dict(statement)
        may: dict[str, Any] | None = dict(statement)
        reasons: list[str] = []
        for match in self._elements(statement):
            sure = None if sure is None or match.sure is None else {**sure, **match.sure}
            may = None if may is None or match.may is None else {**may, **match.may}
            reasons += match.reasons
        # A part that is taken out stands as None.
        return _Match(_without_none(sure), _without_none(may), tuple(dict.fromkeys(reasons)))

    def _elements(self, statement: Statement) -> Iterator[_Match]:
        for name, actual in (("Action", self.request.action), ("Resource", self.request.resource)):
            for element, excludes in ((name, False), (f"Not{name}", True)):
                if element in statement:
                    yield self._patterns(element, texts(statement[element]), actual, excludes=excludes)
        if "Principal" in statement:
            yield self._principal(statement["Principal"])
        if "NotPrincipal" in statement:
            yield self._not_principal(statement["NotPrincipal"])
        if "Condition" in statement:
            yield self._conditions(statement["Condition"])

    # --- actions and resources

    def _patterns(self, element: str, patterns: Sequence[str], actual: str, *, excludes: bool) -> _Match:
        """Return the element with each pattern that may fit in the place of the request's own action or resource."""
        fold: Callable[[str], str] = str.lower if "Action" in element else str
        sure, fitting, reasons = [], [], []
        for pattern in patterns:
            if not self._is_open(pattern, actual) or _matches(fold(pattern), fold(actual)):
                sure.append(_for_an_engine(pattern, actual, fold))
            elif not self._is_another(pattern) and self._may_fit(fold(pattern), fold(actual)):
                fitting.append(actual)
                reasons += self._reasons(pattern, actual)
        if excludes:
            # With no exclusion left, the statement is about everything.
            everything = {element: None, element.removeprefix("Not"): "*"}
            least = {element: [*sure, *fitting]} if sure or fitting else everything
            return _Match(least, {element: sure} if sure else everything, tuple(reasons))
        most = {element: [*sure, *fitting]} if sure or fitting else None
        return _Match({element: sure} if sure else None, most, tuple(reasons))

    def _is_another(self, pattern: str) -> bool:
        """Return whether a pattern is about a resource that only the deployment names, and the request is not."""
        unknown = unknowns_in(pattern)
        return self.request.named and bool(unknown) and all(each.shape for each in unknown)

    def _is_open(self, pattern: str, actual: str) -> bool:
        return has_unknowns([pattern, actual]) or any(map(self._is_variable, _VARIABLE.findall(pattern)))

    def _may_fit(self, pattern: str, actual: str) -> bool:
        """Return whether a pattern may turn out to match, and does not surely match as it stands."""
        if not self._is_open(pattern, actual) or _matches(pattern, actual):
            return False
        if not has_unknowns(pattern) and not set(pattern) & set("*?$"):
            return may_be(actual, pattern)
        if not has_unknowns(actual) and not set(pattern) & set("*?$"):
            return may_be(pattern, actual)
        return _overlap(_TOKENS.sub("*", _VARIABLE.sub("*", pattern)), _TOKENS.sub("*", actual).replace("?", "*"))

    def _reasons(self, *values: str) -> list[str]:
        free = [each for value in values for each in _VARIABLE.findall(value) if self._is_variable(each)]
        return [*(each.text for each in unknowns_in(list(values))), *free]

    # --- principals

    def _principal(self, principal: Any) -> _Match:
        if is_unknown(principal):
            return _Match(None, {"Principal": "*"}, tuple(each.text for each in unknowns_in(principal)))
        if not isinstance(principal, Mapping) or "AWS" not in principal:
            return _Match({}, {})
        sure, may, reasons = [], [], []
        for each in texts(principal["AWS"]):
            why = self._maybe_caller(each)
            if why is None:
                kept = [] if is_unique_id(each) else [each]
                sure += kept
                may += kept
            else:
                may.append(self._self())
                reasons.append(why)
        nobody = [account_root_arn(partition_of(self.request.principal), NOBODY)]
        return _Match(
            {"Principal": {**principal, "AWS": sure or nobody}},
            {"Principal": {**principal, "AWS": may or nobody}},
            tuple(reasons),
        )

    def _self(self) -> str:
        principal = self.request.principal
        return session_arn(principal, self.request.session_name) if is_role(principal) else principal

    def _maybe_caller(self, named: str) -> str | None:
        """Return what decides whether a principal of a policy is the caller; None where that is known."""
        caller = self.request.principal
        if named in {"*", caller} or is_unique_id(named):
            return None
        if ":assumed-role/" in named and is_role(caller):
            role, _, session = named.partition(":assumed-role/")[2].partition("/")
            same = account_of(named) == account_of(caller) and role == name_of(caller)
            if same and self.request.session is None:
                return f"the session's name, which is to be {session}"
            return None
        whole = account_root_arn(partition_of(caller), account_of(caller))
        for other in (caller, whole, account_of(caller)):
            unsure = has_unknowns([named, other]) or set(named) & set("*?")
            if unsure and self._may_fit_name(named, other):
                return "; ".join(each.text for each in unknowns_in([named, other])) or f"the principal {named}"
        return None

    def _may_fit_name(self, named: str, other: str) -> bool:
        if set(named) & set("*?"):
            return _overlap(_TOKENS.sub("*", named), _TOKENS.sub("*", other))
        return may_be(named, other) or may_be(other, named)

    def _not_principal(self, principal: Any) -> _Match:
        """Return the element for a statement that spares the caller only if it names account, principal and session.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        named = [principal] if isinstance(principal, str) else texts(principal.get("AWS"))
        caller, account = self.request.principal, account_of(self.request.principal)
        root = account_root_arn(partition_of(caller), account)
        everyone = {"NotPrincipal": None, "Principal": "*"}
        if "*" in named:
            return _Match(None, None)
        mentions = [
            any(each in (root, account) for each in named),
            caller in named,
            not is_role(caller) or (self.request.session is not None and self._self() in named),
        ]
        if all(mentions) and not self.request.boundary:
            return _Match(None, None)
        about_it = any(
            each in (root, account, caller)
            or has_unknowns(each)
            or (":assumed-role/" in each and account_of(each) == account and f"/{name_of(caller)}/" in each)
            for each in named
        ) or has_unknowns(caller)
        if not about_it or self.request.boundary:
            # With a permissions boundary such a statement denies everyone.
            return _Match(everyone, everyone)
        why = "whether NotPrincipal spares it, which takes the account, the role and the session"
        return _Match(None, everyone, (why,))

    # --- conditions

    def _conditions(self, conditions: Mapping[str, Any]) -> _Match:
        open_: list[tuple[str, str, str]] = []
        kept: dict[str, dict[str, Any]] = {}
        never = False
        for operator, keys in conditions.items():
            for key, values in keys.items():
                state = self._condition(operator, key, texts(values))
                if state == _NEVER:
                    never = True
                elif state == _ALWAYS:
                    continue
                elif state is None:
                    kept.setdefault(operator, {})[key] = values
                else:
                    open_.append((operator, key, state))
        if never:
            return _Match(None, None)
        may = {"Condition": kept or None}
        reasons = tuple(dict.fromkeys(state for _, _, state in open_))
        return _Match(None if open_ else may, may, reasons)

    def _condition(self, operator: str, key: str, values: Sequence[str]) -> str | None:
        """Return what decides a condition; None where that is known, `_ALWAYS` or `_NEVER` where it is decided."""
        if has_unknowns([operator, key]):
            return "; ".join(each.text for each in unknowns_in([operator, key]))
        taken = operator_of(operator)
        if self._is_free(key) and not (self.request.free and not has_unknowns(list(values))):
            exists = taken.comparison == "Null" and key.lower() in ALWAYS_THERE and not has_unknowns(list(values))
            return (_ALWAYS if [each.lower() for each in values] == ["false"] else _NEVER) if exists else key
        return self._comparison(taken, key, values)

    def _comparison(self, taken: Operator, key: str, values: Sequence[str]) -> str | None:
        given = self._given(key)
        if given is None and not has_unknowns(list(values)):
            return None
        for value in values:
            for actual in given or [""]:
                if taken.kind in {"String", "Arn"} and given is not None:
                    if self._may_fit(value.lower(), actual.lower()):
                        return "; ".join(self._reasons(value, actual)) or key
                elif has_unknowns([value, actual]) or any(map(self._is_variable, _VARIABLE.findall(value))):
                    return "; ".join(self._reasons(value, actual)) or key
        return None

    def _given(self, key: str) -> list[str] | None:
        for name, value in self.request.context.items():
            if name.lower() == key.lower():
                return texts(value)
        return None

    def _is_variable(self, key: str) -> bool:
        """Return whether a policy variable stands for what is not known, or not known in part."""
        name = key.partition(",")[0].strip()
        return self._is_free(name) or has_unknowns(self._given(name) or [])

    def _is_free(self, key: str) -> bool:
        folded = key.partition(",")[0].strip().lower()
        if self._given(folded) is not None:
            return False
        return is_among(folded, self.request.anything)


ALWAYS_THERE = frozenset({"aws:userid", "aws:requestedregion", "aws:useragent", "sts:rolesessionname"})
"""Keys that every request carries, whatever their value."""
_ALWAYS, _NEVER = "always", "never"


def _everything(effect: str, whole: str) -> Statement:
    made: dict[str, Any] = {"Effect": effect, "Action": "*"}
    if whole != "Principal":
        made["Resource"] = "*"
    return made if whole == "Resource" else {**made, "Principal": "*"}


def _without_none(statement: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if statement is None else {key: value for key, value in statement.items() if value is not None}


def _matches(pattern: str, actual: str) -> bool:
    """Return whether a pattern with wildcards matches a text, both as they stand."""
    return "${" not in pattern and _as_regex(pattern).fullmatch(actual) is not None


_MANY_STARS = 8


def _for_an_engine(pattern: str, actual: str, fold: Callable[[str], str]) -> str:
    """Return a pattern as an engine gets it, whose time doubles with each star: one of many is decided here."""
    if pattern.count("*") < _MANY_STARS or "${" in pattern:
        return pattern
    return actual if _matches(fold(pattern), fold(actual)) else pattern.replace("*", "")


@cache
def _as_regex(pattern: str) -> re.Pattern[str]:
    first, *others = (".".join(map(re.escape, part.split("?"))) for part in pattern.split("*"))
    # What stands between two "*" is found where it comes first: no other place of it could lead further.
    between = "".join(f"(?>.*?{each})" for each in others[:-1])
    return re.compile(f"{first}{between}.*{others[-1]}" if others else first, re.DOTALL)


def _overlap(one: str, other: str) -> bool:
    """Return whether any text fits two patterns with wildcards."""
    states = {(0, 0)}
    seen = set()
    while states:
        left, right = states.pop()
        if (left, right) in seen:
            continue
        seen.add((left, right))
        if left == len(one) and right == len(other):
            return True
        a, b = one[left : left + 1], other[right : right + 1]
        if a == "*":
            states |= {(left + 1, right)} | ({(left, right + 1)} if b else set())
        if b == "*":
            states |= {(left, right + 1)} | ({(left + 1, right)} if a else set())
        if a and b and a != "*" and b != "*" and (a == b or "?" in (a, b)):
            states.add((left + 1, right + 1))
    return False


def may_match(patterns: Sequence[str], actual: str, *, folded: bool = False) -> bool:
    """Return whether one of a statement's patterns may match, whatever stands for its variables and tokens."""
    fold: Callable[[str], str] = str.lower if folded else str
    text = _TOKENS.sub("*", fold(actual))
    return any(_overlap(_TOKENS.sub("*", _VARIABLE.sub("*", fold(each))), text) for each in patterns)


def open_reasons(decision: Decision) -> Iterator[str]:
    """Yield what the statements that match a request depend on."""
    for layer in decision.layers:
        for each in layer.statements:
            if each.matches and isinstance(each.policy, Bounded):
                yield from each.policy.reasons[each.number]
