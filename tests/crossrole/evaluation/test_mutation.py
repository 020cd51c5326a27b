"""The decision table and the proofs notice every policy that is widened or broken: no mutant of one stays alive."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from crossrole.engines.prover import Prover, Side
from crossrole.engines.simulator import Simulator
from crossrole.errors import CommandError
from crossrole.evaluation.can import ask_all
from crossrole.iam.policy import Policy
from crossrole.templates.assembly import read_assembly
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Inventory
from tests.crossrole.evaluation import rows_committed_access, rows_kinds_assuming, rows_kinds_sessions
from tests.crossrole.evaluation.layers import Layer, layers_of, services_of
from tests.crossrole.evaluation.mutants import KILLED, Mutant, in_inventory, mutants_of
from tests.crossrole.evaluation.table import Row
from tests.crossrole.evaluation.test_proofs import FILES, access_of, fails
from tests.crossrole.evaluation.test_table import denied_at, question
from tests.kept import KEPT
from tests.synthesis import Assembly

ROWS = {"committed": rows_committed_access.ROWS, "kinds": [*rows_kinds_assuming.ROWS, *rows_kinds_sessions.ROWS]}
SHARDS = 20


@dataclass(frozen=True)
class Case:
    """One assembly with all that is asked and proved of it."""

    inventory: Inventory
    templates: list[Template]
    access: dict[str, Any]
    rows: list[Row]
    places: dict[str, set[int]]
    """The rows, by number, whose requests a policy has a say in, by the policy's place."""

    def layers(self, inventory: Inventory, place: str) -> list[Layer]:
        """Return the layers that a policy is part of."""
        before = layers_of(self.access, self.inventory, self.templates, few=True)
        after = layers_of(self.access, inventory, self.templates, few=True)
        return [new for old, new in zip(before, after, strict=True) if place in places_of(old.actual)]


def places_of(side: Side) -> set[str]:
    """Return where the policies of a side stand."""
    attached = [side.resource_policy] if side.resource_policy else []
    return {policy.place for policy in [*side.identity, *attached]}


@pytest.fixture(scope="module")
def cases(
    default: Assembly,
    kinds: Assembly,
    default_inventory: Inventory,
    kinds_inventory: Inventory,
    simulator: Simulator,
) -> dict[str, Case]:
    """Return both files' cases."""
    of = {"committed": (default, default_inventory), "kinds": (kinds, kinds_inventory)}
    cases = {}
    for name, (assembly, inventory) in of.items():
        places: dict[str, set[int]] = {}
        answers = ask_all(inventory, simulator, [question(row, inventory) for row in ROWS[name]])
        for number, answer in enumerate(answers):
            for link in answer.links:
                request = link.link.request
                attached = [request.resource_policy] if request.resource_policy else []
                for policy in [*request.identity, *attached]:
                    places.setdefault(policy.place, set()).add(number)
        cases[name] = Case(inventory, read_assembly(assembly.directory), access_of(name), ROWS[name], places)
    return cases


def policies_of(inventory: Inventory) -> list[Policy]:
    """Return every policy once, and of those that differ in names alone the first."""
    every = [
        *inventory.resource_policies.values(),
        *(policy for identity in inventory.identities for policy in identity.policies),
    ]
    alike: dict[str, Policy] = {}
    for policy in every:
        alike.setdefault(without_names(policy), policy)
    return list(alike.values())


def without_names(policy: Policy) -> str:
    """Return the policy's text without what differs from grant to grant of one kind: prefixes and role names."""
    text = json.dumps(policy.document, sort_keys=True)
    text = re.sub(r'"Sid": "[^"]*"', "", text)
    text = re.sub(r"arn:aws:s3:::[a-z0-9-]+", "a bucket", text)
    return re.sub(r"(a bucket/|role/)[^\"*?]*", r"\1", text)


@pytest.fixture(scope="module")
def unlike_mutants(cases: dict[str, Case]) -> dict[str, list[Mutant]]:
    """Return each file's mutants; the same slip in the same statement of another grant is made once."""
    known: set[str] = set()
    mutants: dict[str, list[Mutant]] = {}
    for file, case in cases.items():
        of_file = mutants.setdefault(file, [])
        for policy in policies_of(case.inventory):
            for mutant in mutants_of(policy):
                slip = re.sub(r"arn:[^ ]*|UseBucketKeyAs[A-Za-z]*", "…", f"{policy.name} {mutant.does}")
                if slip not in known:
                    known.add(slip)
                    of_file.append(mutant)
    return mutants


def noticed_by(case: Case, mutant: Mutant, simulator: Simulator, prover: Prover) -> str | None:
    """Return what notices a mutant: a row of the table or a layer's proof; None where nothing does."""
    original = next(policy for policy in everything(case.inventory) if policy.place == mutant.policy.place)
    inventory = in_inventory(case.inventory, original, mutant.policy)
    rows = [case.rows[number] for number in sorted(case.places.get(original.place, ()))]
    try:
        answers = ask_all(inventory, simulator, [question(row, inventory) for row in rows])
    except CommandError as error:
        return f"unusable: {error}"
    for row, answer in zip(rows, answers, strict=True):
        if row.denied_at != denied_at(answer):
            return f"the table: {row.says}"
    if services_of(inventory) != services_of(case.inventory):
        return "the proof of the services"
    layers = case.layers(inventory, original.place)
    return next((f"the proof of {layer.says}" for layer in layers if fails(layer, prover)), None)


def everything(inventory: Inventory) -> Iterator[Policy]:
    """Yield every policy."""
    yield from inventory.resource_policies.values()
    for identity in inventory.identities:
        yield from identity.policies


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("file", FILES)
def test_no_mutant_stays_alive(file: str, shard: int, request: pytest.FixtureRequest) -> None:
    """Each change of each policy that AWS would evaluate otherwise turns a row of the table or a proof red."""
    total = request.config.stash.setdefault(KILLED, Counter())
    kept = KEPT.recall(request.node.nodeid)
    if kept is not None:
        total.update(kept)
        total["kept"] += sum(kept.values())
        return
    # What takes long to make is made only where it is needed.
    case: Case = request.getfixturevalue("cases")[file]
    mutants: list[Mutant] = request.getfixturevalue("unlike_mutants")[file]
    engines = request.getfixturevalue("simulator"), request.getfixturevalue("prover")
    alive = []
    count: Counter[str] = Counter()
    for mutant in mutants[shard::SHARDS]:
        notice = noticed_by(case, mutant, *engines)
        if notice:
            count[notice[:9].removesuffix(":")] += 1
        elif mutant.equivalent:
            count["equivalent"] += 1
        else:
            alive.append(f"{mutant.policy.place}: {mutant.does}")
    total.update(count)

    assert [] == alive
    KEPT.keep(request.node.nodeid, dict(count))
