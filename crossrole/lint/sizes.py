"""Rules about the quotas of policies: what is longer, AWS does not save.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import json
from collections.abc import Iterator
from typing import Any

from crossrole.iam.quotas import INLINE_POLICIES, INLINE_POLICIES_OF_GROUP, INLINE_POLICIES_OF_USER
from crossrole.lint.documents import Document
from crossrole.lint.kinds import BUCKET, KEY, TRUST
from crossrole.lint.rule import GUIDE, InContext, Rule
from crossrole.unknown import without_unknowns

_OF_HOLDERS = {
    "role": INLINE_POLICIES,
    "user": INLINE_POLICIES_OF_USER,
    "group": INLINE_POLICIES_OF_GROUP,
}


def size(document: Document) -> int:
    """Return how many characters of a document count: no white space, and of what is unknown at least none."""
    return len(json.dumps(_known_parts(document.body), separators=(",", ":"), ensure_ascii=False, default=str))


def _known_parts(value: Any) -> Any:
    if isinstance(value, dict):
        return {without_unknowns(str(key)): _known_parts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_known_parts(each) for each in value]
    return without_unknowns(value) if isinstance(value, str) else value


def _too_long(document: Document) -> Iterator[str]:
    quota, used = document.kind.quota, size(document)
    if quota and used > quota:
        unit = "bytes" if document.kind in {BUCKET, KEY} else "characters"
        more = "have the quota raised, or " if document.kind == TRUST else ""
        yield (
            f"{document.kind.words} may have {quota:,} {unit} and this has {used:,}, so AWS rejects it; {more}join "
            "statements, or shorten lists with wildcards"
        )


def _too_long_together(subject: InContext[Document]) -> Iterator[str]:
    """Yield a finding at the last of a holder's inline policies: it is the one that no longer fits."""
    for holder, documents in subject.holders.inline.items():
        quota, used = _OF_HOLDERS[holder.kind], sum(map(size, documents))
        if used > quota and documents[-1] is subject.subject:
            yield (
                f"all inline policies of the {holder.kind} {holder.name} together may have {quota:,} characters and "
                f"these have {used:,}, so IAM rejects the last; move some to managed policies"
            )


_PAGE = f"{GUIDE}/reference_iam-quotas.html"

OF_DOCUMENTS = (
    Rule(
        "too-long",
        f"{_PAGE}#reference_iam-quotas-entity-length",
        "A policy has more characters than AWS saves.",
        "AWS has raised the account's quota.",
        _too_long,
    ),
)
OF_DOCUMENTS_IN_CONTEXT = (
    Rule(
        "too-long-together",
        f"{_PAGE}#reference_iam-quotas-entity-length",
        "The inline policies of a role, user or group together have more characters than IAM saves.",
        "Not all of them exist at the same time.",
        _too_long_together,
    ),
)
