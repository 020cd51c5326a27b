"""Complement proofs: subtract the intended access from what each policy allows, and nothing is left; nor is any lost.

Each proof is about every action, resource, caller and context that there can be.
"""

import tomllib
from typing import Any

import pytest

from crossrole.engines.prover import Proof, Prover, Verdict
from crossrole.templates.assembly import read_assembly
from crossrole.templates.inventory import Inventory
from tests.crossrole.evaluation.layers import Layer, layers_of, services_of
from tests.synthesis import ROOT, Assembly

FILES = {"committed": ROOT / "access.toml", "kinds": ROOT / "tests" / "kinds.toml"}


def access_of(name: str) -> dict[str, Any]:
    """Return a file's tables, unread by the app."""
    return tomllib.loads(FILES[name].read_text(encoding="utf-8"))


def fails(layer: Layer, prover: Prover) -> Proof | None:
    """Return what a layer allows beyond or short of the intended; None where it is proved to be neither."""
    for base, head in ((layer.intended, layer.actual), (layer.actual, layer.intended)):
        proof = prover.more(base, head)
        if proof.verdict is not Verdict.DENIED:
            return proof
    return None


@pytest.fixture(scope="module")
def layers(
    default: Assembly, kinds: Assembly, default_inventory: Inventory, kinds_inventory: Inventory
) -> dict[str, list[Layer]]:
    """Return the layers of both files."""
    return {
        "committed": layers_of(access_of("committed"), default_inventory, read_assembly(default.directory)),
        "kinds": layers_of(access_of("kinds"), kinds_inventory, read_assembly(kinds.directory)),
    }


GRANTS = [(name, grant["name"]) for name in FILES for grant in access_of(name)["grants"]]


@pytest.mark.parametrize(("file", "grant"), GRANTS, ids=[grant for _, grant in GRANTS])
def test_a_grant_is_exactly_what_is_intended(
    file: str, grant: str, layers: dict[str, list[Layer]], prover: Prover
) -> None:
    """Nobody else may assume the role, and its sessions may do nothing else; and all that is intended is allowed."""
    of_grant = [layer for layer in layers[file] if layer.about == grant]
    failed = {layer.says: proof for layer in of_grant if (proof := fails(layer, prover))}

    assert {} == failed
    assert any(layer.says.endswith(": session") for layer in of_grant)


@pytest.mark.parametrize("file", FILES)
def test_all_else_is_exactly_what_is_intended(file: str, layers: dict[str, list[Layer]], prover: Prover) -> None:
    """Buckets, keys, the function's role and the callers of dev have the access that the README says, and no other."""
    others = [layer for layer in layers[file] if layer.about is None]
    failed = {layer.says: proof for layer in others if (proof := fails(layer, prover))}

    assert {} == failed
    assert any(layer.says == "the function's role" for layer in others)


@pytest.mark.parametrize(("file", "role"), [("committed", "DevLambdaRole"), ("kinds", "WriterRole")])
def test_lambda_assumes_the_functions_role_and_no_service_another(
    file: str, role: str, default_inventory: Inventory, kinds_inventory: Inventory
) -> None:
    """Services are not IAM principals, and no proof is about them: there is one, for one action."""
    inventory = {"committed": default_inventory, "kinds": kinds_inventory}[file]
    expected = {(f"arn:aws:iam::111111111111:role/{role}", "lambda.amazonaws.com", "sts:AssumeRole")}

    assert expected == services_of(inventory)
