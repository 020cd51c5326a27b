"""Finds mistakes in every policy of the templates: statements that never match, and statements that are too open.

AWS accepts all of these at deployment: an unknown condition key, for example, is never true.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crossrole.errors import CommandError, nearest
from crossrole.iam.actions import data, details, known_action
from crossrole.iam.condition_keys import EVERY_ACTION, key_problem, key_type, matching_actions, of_identity_provider
from crossrole.iam.condition_operators import comparison_problems, operator_problem
from crossrole.iam.policy import VERSION, listed, texts
from crossrole.lint.public_access import closes
from crossrole.templates.intrinsics import Template
from crossrole.templates.policy_documents import Document, documents_of

MARKS = re.compile(r"\A(?P<ok>every policy document is in order)\Z|^(?P<heading>[^:]*:)", re.MULTILINE)
"""How the text is coloured."""


@dataclass(frozen=True)
class Finding:
    """Something wrong in a policy; `statement` is its Sid or number, counted from one, or None for the document."""

    template: str
    logical_id: str
    policy: str
    """Where in the resource's properties the document stands: `Policies[0].PolicyDocument`."""
    statement: str | None
    text: str
    """One line: what is wrong and how to fix it."""

    def __str__(self) -> str:
        place = f"{self.template}, {self.logical_id}, {self.policy}"
        return f"{place}, {self.statement}: {self.text}" if self.statement else f"{place}: {self.text}"

    def as_json(self) -> dict[str, Any]:
        """Return the finding for `--json`."""
        return asdict(self)


_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)


_Statement = Mapping[str, Any]


def findings_of(templates: list[Template]) -> list[Finding]:
    """Return every finding in the templates' policies, in the templates' order.

    Raises `CommandError` for a policy that can't be resolved.
    """
    return [
        Finding(document.template, document.logical_id, document.path, statement, text)
        for template in templates
        for document in documents_of(template)
        for statement, text in [*_problems(document.body), *_trust_problems(document)]
    ]


def _problems(document: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    version = document.get("Version")
    if version != VERSION:
        found = f"the Version is {version}" if version else "there is no Version"
        yield None, f'{found}, so policy variables would be plain text; write "Version": "{VERSION}"'
    for number, statement in enumerate(listed(document.get("Statement", [])), start=1):
        if not isinstance(statement, Mapping):
            yield str(number), "this is not a statement; write an object with Effect, Action and Resource"
            continue
        for text in dict.fromkeys(text for rule in _RULES for text in rule(statement)):
            yield str(statement.get("Sid") or number), text


def _trust_problems(document: Document) -> Iterator[tuple[str | None, str]]:
    """Yield services and identity providers that can assume a role beside accounts, which is easily overlooked."""
    if not document.path.endswith("AssumeRolePolicyDocument"):
        return
    allows = [
        (str(each.get("Sid") or number), each)
        for number, each in enumerate(listed(document.body.get("Statement", [])), start=1)
        if isinstance(each, Mapping) and each.get("Effect") == "Allow" and isinstance(each.get("Principal"), Mapping)
    ]
    for_accounts = any("AWS" in each["Principal"] for _, each in allows)
    for statement, each in allows:
        for kind, words in (("Service", "the service"), ("Federated", "the identity provider")):
            for name in texts(each["Principal"].get(kind, [])):
                if for_accounts:
                    yield statement, f"{words} {name} can assume it beside accounts; give it a role of its own"
                elif kind == "Federated" and not each.get("Condition"):
                    yield statement, f"every user of {words} {name} can assume it; add a condition"


def _element_problems(statement: _Statement) -> Iterator[str]:
    for name in statement:
        if name not in _ELEMENTS:
            yield f'a statement has no element "{name}"{nearest(name, _ELEMENTS)}'
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f'the Effect is {statement.get("Effect")}; write "Allow" or "Deny"'


def _openness_problems(statement: _Statement) -> Iterator[str]:
    if statement.get("Effect") != "Allow":
        return
    if "NotPrincipal" in statement:
        yield "Allow with NotPrincipal allows everyone in AWS except those it names; name the callers under Principal"
    if "NotAction" in statement:
        yield "Allow with NotAction allows every action except those it names, future ones too; list them under Action"
    if "NotResource" in statement:
        yield "Allow with NotResource allows it on all but the named ones, future ones too; list them under Resource"
    for pattern in texts(statement.get("Action", [])) if not {"Principal", "NotPrincipal"} & statement.keys() else []:
        if pattern in EVERY_ACTION or pattern.lower() in _EVERYTHING_OF_IAM:
            yield f"Allow of {pattern} lets its holder give itself every other permission; list the actions it needs"
    if _is_everyone(statement.get("Principal")) and not closes(_conditions(statement)):
        yield (
            'Allow for Principal "*" allows everyone in AWS; name the callers, or add a condition that every caller '
            "must meet, such as StringEquals aws:PrincipalOrgID"
        )


_EVERYTHING_OF_IAM = {"iam:*", "iam:put*", "iam:attach*", "iam:create*", "iam:update*"}


def _is_everyone(principal: Any) -> bool:
    named = principal.get("AWS", []) if isinstance(principal, Mapping) else principal
    return "*" in listed(named)


def _action_problems(statement: _Statement) -> Iterator[str]:
    for pattern in texts(statement.get("Action", [])) + texts(statement.get("NotAction", [])):
        if pattern not in EVERY_ACTION and not matching_actions(pattern):
            yield _no_such_action(pattern)


def _no_such_action(pattern: str) -> str:
    service, _, name = pattern.partition(":")
    if name and not data().services.service_exists(service):
        near = nearest(service, data().services.get_service_keys())
        return f'there is no action "{pattern}": AWS has no service "{service}"{near}'
    if name and {"*", "?"} & set(name):
        near = nearest(name.strip("*?"), data().actions.get_actions_for_service(service))
        return f'"{pattern}" matches no action{near}'
    try:
        # It raises the error that every command prints, since nothing matched.
        return known_action(pattern)
    except CommandError as error:
        return str(error)


def _resource_problems(statement: _Statement) -> Iterator[str]:
    kinds = {_bucket_or_object(resource) for resource in texts(statement.get("Resource", []))}
    if None in kinds or not kinds:
        return
    for action in texts(statement.get("Action", [])):
        if action.lower().startswith("s3:") and not {"*", "?"} & set(action) and matching_actions(action):
            fitting = [each["name"] for each in details(action)["resourceTypes"]]
            if not kinds & set(fitting):
                yield f"{action} never matches the statement's Resource; write {_s3_example(fitting)}"


def _bucket_or_object(resource: str) -> str | None:
    # Anything but a plain bucket or what has "/" may stand for several kinds: "*" matches "/" too.
    inside = re.fullmatch(r"arn:[^:]*:s3:::(.+)", resource)
    if inside is None:
        return None
    if "/" in inside[1]:
        return "object"
    return None if {"*", "?", "$"} & set(inside[1]) else "bucket"


def _s3_example(kinds: list[str]) -> str:
    if "object" in kinds:
        return "the ARN of objects, such as arn:aws:s3:::BUCKET/*"
    if "bucket" in kinds:
        return "the ARN of a bucket, such as arn:aws:s3:::BUCKET"
    return f"the ARN of a resource of type {kinds[0]}" if kinds else '"*"'


def _condition_problems(statement: _Statement) -> Iterator[str]:
    if not _is_well_formed(statement.get("Condition", {})):
        yield 'the Condition is not of the form {"OPERATOR": {"KEY": "VALUE"}}'
    for operator, keys in _conditions(statement).items():
        no_operator = operator_problem(operator)
        if no_operator:
            yield no_operator
        for key, values in keys.items():
            no_key = key_problem(key, statement)
            if no_key:
                yield no_key
            # The reference has too few of an identity provider's keys to know their types.
            kind = None if of_identity_provider(key) else key_type(key, statement)
            if not no_operator:
                yield from comparison_problems(operator, key, kind, texts(values))


def _conditions(statement: _Statement) -> Mapping[str, Any]:
    conditions = statement.get("Condition", {})
    return dict(conditions) if _is_well_formed(conditions) else {}


def _is_well_formed(conditions: Any) -> bool:
    return isinstance(conditions, Mapping) and all(isinstance(keys, Mapping) for keys in conditions.values())


_RULES: tuple[Callable[[_Statement], Iterator[str]], ...] = (
    _element_problems,
    _openness_problems,
    _action_problems,
    _resource_problems,
    _condition_problems,
)
