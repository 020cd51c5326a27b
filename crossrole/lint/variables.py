"""Rules about policy variables, such as ${aws:username}.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Iterator

from crossrole.errors import nearest
from crossrole.iam.actions import RETIRED_SERVICES, data
from crossrole.iam.condition_keys import GLOBAL_KEYS, exists, of_identity_provider
from crossrole.lint.documents import Statement
from crossrole.lint.kinds import DEVICES
from crossrole.lint.rule import GUIDE, IF_AWS_CHANGED, Rule
from crossrole.unknown import is_known

_BEGIN = re.compile(r"\$\{([^}]*)(\})?")
_ESCAPES = {"*", "?", "$"}
_DEFAULT = re.compile(r"[^,\s]+\s*,\s*'[^']*'")
# These services' own pages list more variables than the reference has keys.
_OTHER_VARIABLES = {"iot", "transfer", "redshift", "cassandra", "saml", "graph", "www"}


def _texts(statement: Statement) -> list[str]:
    values = [value for condition in statement.conditions for value in condition.values]
    return [*statement.texts("Resource"), *statement.texts("NotResource"), *values]


def _malformed(statement: Statement) -> Iterator[str]:
    for text in _texts(statement):
        for match in _BEGIN.finditer(text):
            name, closed = match.groups()
            if not is_known(match[0]):
                continue  # it may close it
            if not closed:
                yield f'"{text}" has "{match[0]}", not closed, so it is no variable; write {_closed(name)}'
            elif not name.strip():
                yield f'"{text}" has a variable without a name, so it never matches; write one: ${{aws:username}}'
            elif name != name.strip() or ("," in name and not _DEFAULT.fullmatch(name)):
                yield (
                    f"{match[0]} is not a variable as AWS reads it; write ${{KEY}}, or with a default "
                    "${KEY, 'DEFAULT'}, without other spaces"
                )


def _closed(name: str) -> str:
    return f"${{{re.split('[/*?]', name)[0]}}}"


def _unknown(statement: Statement) -> Iterator[str]:
    if statement.document.kind == DEVICES:
        return
    for text in _texts(statement):
        for match in _BEGIN.finditer(text):
            key = match[1].partition(",")[0].strip()
            if match[2] and key and key not in _ESCAPES and is_known(key):
                yield from _unknown_key(match[0], key)


def _unknown_key(variable: str, key: str) -> Iterator[str]:
    prefix = key.partition(":")[0].lower()
    if key.startswith("AWS::") or ":" not in key:
        yield (
            f"{variable} is no policy variable, which is a condition key such as ${{aws:username}}; if CloudFormation "
            "is to fill it in, write the text with Fn::Sub"
        )
    elif not of_identity_provider(key) and _is_listed(prefix) and not exists(key):
        yield (
            f'there is no condition key "{key}", so the variable {variable} stands for nothing and never matches'
            f"{nearest(key, GLOBAL_KEYS) if prefix == 'aws' else ''}"
        )


def _is_listed(prefix: str) -> bool:
    if prefix in {*_OTHER_VARIABLES, *RETIRED_SERVICES}:
        return False
    return prefix == "aws" or (
        data().services.service_exists(prefix) and bool(data().conditions.get_condition_keys_for_service(prefix))
    )


_PAGE = f"{GUIDE}/reference_policies_variables.html"

OF_STATEMENTS = (
    Rule(
        "malformed-variable",
        _PAGE,
        "A policy variable is not closed, has no name, or is written in a way that AWS does not read.",
        "The text is meant as it stands, for a resource with such a name.",
        _malformed,
    ),
    Rule(
        "unknown-variable",
        _PAGE,
        "A policy variable names a key that no request carries.",
        IF_AWS_CHANGED,
        _unknown,
    ),
)
