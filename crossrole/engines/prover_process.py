"""Proves with Reach and Z3 whether any request of a kind is allowed: one line of JSON in, one line out.

A process of its own: the engine is a development tool under the AGPL, and nothing here is deployed.
"""

import json
import os
import sys
import traceback
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

from reach import engine
from reach.catalog import bundled
from reach.engine import Environment, InconsistencyError, Principal, Query, ResourcePolicy, decide
from reach.policy import Condition, Policy, parse_policy

# Z3 needs far longer to find why a request is denied, and that is not used here.
engine._explain_classes = lambda *_: []  # noqa: SLF001 there is no option for it


def main() -> None:
    """Answer each line's questions until there are no more.

    Each question gets a process of its own, forked from this one: what Z3 has met before changes how it searches, and
    now and then it then takes minutes for what takes it milliseconds afresh.
    """
    bundled()  # read once, for all of them
    side_by_side = os.cpu_count() or 1
    for line in sys.stdin:
        questions = json.loads(line)
        slices = [questions[start : start + side_by_side] for start in range(0, len(questions), side_by_side)]
        outcomes = [outcome for each in slices for outcome in _in_processes_of_their_own(each)]
        sys.stdout.write(f"{json.dumps(outcomes)}\n")
        sys.stdout.flush()


def _in_processes_of_their_own(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    readers = []
    for question in questions:
        reader, writer = os.pipe()
        if os.fork() == 0:
            try:
                with os.fdopen(writer, "w") as pipe:
                    json.dump(_proved(question), pipe)
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
    unknown = None
    for numbers in _numbers(conditions, context):
        query = Query(question["action"], question["resource"], context | numbers, resource_policy)
        outcome = _decided(principal, query, environment)
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


def _decided(principal: Principal, query: Query, environment: Environment) -> dict[str, Any]:
    try:
        result = decide(principal, query, environment)
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
