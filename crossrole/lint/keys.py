"""Rules about the policies of KMS keys."""

from collections.abc import Iterator

from crossrole.iam.wildcards import covers
from crossrole.lint.documents import Document, Statement
from crossrole.lint.kinds import KEY
from crossrole.lint.rule import Rule
from crossrole.unknown import has_unknowns

_CHANGES = "kms:putkeypolicy"


def _without_administrator(document: Document) -> Iterator[str]:
    # What is known only at the deployment may let an administrator in.
    is_known = document.kind == KEY and bool(document.statements) and not has_unknowns(document.body)
    if is_known and not any(each.allows and _may_change(each) for each in document.statements):
        yield (
            "no statement allows kms:PutKeyPolicy, so KMS rejects the policy: nobody could ever change it; allow "
            "kms:* to the account's root, so that policies of IAM decide who administers the key"
        )


def _may_change(statement: Statement) -> bool:
    if "NotAction" in statement.body:
        return not any(covers(each.lower(), _CHANGES) for each in statement.texts("NotAction"))
    return any(covers(each.lower(), _CHANGES) for each in statement.texts("Action"))


OF_DOCUMENTS = (
    Rule(
        "key-without-administrator",
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#prevent-unmanageable-key",
        "A key's policy lets nobody change it, so that KMS rejects it.",
        "BypassPolicyLockoutSafetyCheck is set, and nobody is ever to change the policy.",
        _without_administrator,
    ),
)
