"""Whether a request is decided alike for every value of the keys that are not known: asked of the prover.

`bounds.py` takes each condition by itself. An Allow for one address range beside an Allow for all other addresses
allows every request, and only a proof over both shows it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from crossrole.engines.prover import Pair, Prover, Side, Verdict, inquiry_of
from crossrole.engines.simulator import Request
from crossrole.evaluation.assumptions import allowing
from crossrole.evaluation.bounds import ALWAYS_THERE
from crossrole.iam.actions import carries
from crossrole.iam.policy import VERSION, Policy, texts
from crossrole.iam.request_keys import is_among
from crossrole.unknown import has_unknowns


def decided(request: Request, prover: Prover) -> bool | None:
    """Return whether a request is allowed, or denied, whatever the keys are that it carries; None where it is neither.

    None, too, for what the prover does not take: names that are not known, sessions, and policies of organizations.
    """
    if not _is_for_the_prover(request):
        return None
    inquiry = inquiry_of(request)
    context: dict[str, str | list[str] | None] = dict(request.context)
    known = {key.lower() for key in context}
    context |= {
        key: None for key in sorted(_tested(request)) if key.lower() not in known and not _is_free(key, request)
    }
    only = (_carried(request),)
    asked = replace(inquiry, context=context, free=True, only=only)
    (any_allowed,) = prover.prove([asked])
    if any_allowed.verdict is Verdict.DENIED:
        return False
    denials = [
        replace(each, context={**(each.context or {}), **context}, only=(*each.only, *only))
        for each in Pair(inquiry.side, _everything(inquiry.side), request.action, request.resource).beyond()
    ]
    return True if all(proof.verdict is Verdict.DENIED for proof in prover.prove(denials)) else None


def _is_for_the_prover(request: Request) -> bool:
    policies = list(_policies(request))
    documents = [policy.document for policy in policies]
    named = [request.principal, request.resource, dict(request.context), *documents]
    others = (
        request.scps or request.rcps or request.endpoint or request.session_policy or request.restricts_public == "true"
    )
    sessions = any(":assumed-role/" in text for policy in policies for text in _principals(policy))
    strange = any(_is_strange(key, request) for key in _tested(request) if _is_free(key, request))
    return not (others or sessions or strange or has_unknowns(named) or any(_excludes(policy) for policy in policies))


def _is_strange(key: str, request: Request) -> bool:
    """Return whether the prover takes a condition on a key for one that no request of the action meets."""
    with_colon = key.lower().startswith("kms:encryptioncontext:")
    return with_colon or not (key.lower().startswith("aws:") or carries(request.action, key))


def _policies(request: Request) -> Iterator[Policy]:
    yield from request.identity
    yield from (each for each in (request.boundary, request.resource_policy) if each)


def _principals(policy: Policy) -> Iterator[str]:
    for statement in policy.statements:
        principal = statement.get("Principal", {})
        yield from texts(principal if isinstance(principal, str) else principal.get("AWS"))


def _excludes(policy: Policy) -> bool:
    return any("NotPrincipal" in statement for statement in policy.statements)


def _tested(request: Request) -> set[str]:
    """Return the keys of all conditions and policy variables."""
    statements = [statement for policy in _policies(request) for statement in policy.statements]
    tested = {key for statement in statements for keys in statement.get("Condition", {}).values() for key in keys}
    return tested | {key for each in statements for key in _VARIABLE.findall(json.dumps(each))}


_VARIABLE = re.compile(r"\$\{\s*([^},]+:[^},]*?)\s*[,}]")


def _is_free(key: str, request: Request) -> bool:
    return is_among(key.lower(), request.anything)


def _carried(request: Request) -> dict[str, object]:
    """Return a document that allows the requests which carry all that every request carries."""
    there = sorted(key for key in _tested(request) if key.lower() in ALWAYS_THERE and _is_free(key, request))
    condition = {"Condition": {"Null": dict.fromkeys(there, "false")}} if there else {}
    return {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **condition}]}


def _everything(side: Side) -> Side:
    """Return the policies of a principal who may do everything, here and there."""
    statement = {"Effect": "Allow", "Principal": {"AWS": side.principal}, "Action": "*", "Resource": "*"}
    attached = Policy("everything", "", "", {"Version": VERSION, "Statement": [statement]})
    return replace(side, identity=(allowing("*", "*"),), boundary=None, resource_policy=attached)
