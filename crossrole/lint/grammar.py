"""Rules about the form of a document: the elements that it has, lacks or may not have, and what they hold."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crossrole.errors import nearest
from crossrole.iam.policy import VERSION, listed
from crossrole.lint.documents import ELEMENTS, Document, Resource, Statement
from crossrole.lint.kinds import TRUST
from crossrole.lint.rule import GUIDE, IF_AWS_CHANGED, Rule
from crossrole.unknown import is_known

_OF_DOCUMENT = ("Version", "Id", "Statement")
_VERSIONS = (VERSION, "2008-10-17")
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_OF_TEXTS = ("Action", "NotAction", "Resource", "NotResource")
_WORDS = {dict: "an object", list: "a list", type(None): "null", bool: "true or false", int: "a number"}


def _not_a_policy(document: Document) -> Iterator[str]:
    if isinstance(document.body, str):
        yield "the policy is text that is not JSON, so AWS rejects it; write an object with Version and Statement"
    elif not isinstance(document.body, Mapping):
        yield f"the policy is {_word(document.body)}, so AWS rejects it; write an object with Version and Statement"
    elif not document.body.get("Statement"):
        yield 'the policy has no Statement, so AWS rejects it; write "Statement": [{"Effect": …}]'
    else:
        for each in listed(document.body["Statement"]):
            if not isinstance(each, Mapping) and is_known(each):
                yield "this is not a statement; write an object with Effect, Action and Resource"


def _version(document: Document) -> Iterator[str]:
    if not isinstance(document.body, Mapping):
        return
    version = document.body.get("Version")
    if not version:
        yield f'there is no Version, so policy variables would be plain text; write "Version": "{VERSION}"'
    elif str(version) == _VERSIONS[1]:
        yield f'the Version is {version}, so policy variables would be plain text; write "Version": "{VERSION}"'
    elif str(version) not in _VERSIONS and is_known(version):
        yield f'the Version is {version}, which AWS does not know; write "Version": "{VERSION}"'


def _unknown_elements(document: Document) -> Iterator[str]:
    for name in document.body if isinstance(document.body, Mapping) else ():
        if name not in _OF_DOCUMENT:
            yield f'a policy has no element "{name}", so AWS rejects it{nearest(name, _OF_DOCUMENT)}'


def _unknown_element(statement: Statement) -> Iterator[str]:
    for name in statement.body:
        if name not in ELEMENTS:
            yield f'a statement has no element "{name}"{nearest(name, ELEMENTS)}'


def _effect(statement: Statement) -> Iterator[str]:
    effect = statement.body.get("Effect")
    if effect not in ("Allow", "Deny") and is_known(effect):
        yield f'the Effect is {effect}; write "Allow" or "Deny"'


def _missing_element(statement: Statement) -> Iterator[str]:
    kind = statement.document.kind
    wanted = {
        "Action": "list what it allows or denies",
        "Principal": "name who is meant" if kind.principals else "",
        "Resource": "name the ARNs that it is about" if kind.resources else "",
    }
    for (name, other), fix in zip(_PAIRS, (wanted["Action"], wanted["Resource"], wanted["Principal"]), strict=True):
        given = [each for each in (name, other) if each in statement.body]
        if not given and fix:
            yield f"there is no {name}, so AWS rejects {kind.words} like this; {fix} under {name}"
        elif given and statement.body[given[0]] in ([], {}, ""):
            yield f"the {given[0]} is empty, so the statement never matches; {fix or 'fill it, or remove it'}"


def _misplaced_element(statement: Statement) -> Iterator[str]:
    kind = statement.document.kind
    for name in ("Principal", "NotPrincipal"):
        if kind.principals is False and name in statement.body:
            yield f"{kind.words} can't have {name}, so AWS rejects it: it is about its holder alone; remove {name}"
    for name in ("Resource", "NotResource"):
        if kind.resources is False and name in statement.body:
            yield f"{kind.words} can't have {name}, so AWS rejects it: it is about its own role alone; remove {name}"
    if kind == TRUST and "NotPrincipal" in statement.body:
        yield "a trust policy can't have NotPrincipal, so AWS rejects it; name who may assume the role under Principal"


def _exclusive_elements(statement: Statement) -> Iterator[str]:
    for one, other in _PAIRS:
        if {one, other} <= statement.body.keys():
            yield f"a statement takes {one} or {other}, never both, so AWS rejects the policy; keep one of them"


def _malformed_element(statement: Statement) -> Iterator[str]:
    for name in _OF_TEXTS:
        for value in listed(statement.body.get(name, [])):
            if not isinstance(value, str):
                yield f"the {name} holds {_word(value)}, so AWS rejects the policy; write a text or a list of texts"
    for name in ("Principal", "NotPrincipal"):
        yield from _malformed_principal(name, statement.body.get(name, {}))
    sid = statement.body.get("Sid", "")
    if isinstance(sid, Mapping | list) or sid is None:
        yield f"the Sid is {_word(sid)}, so AWS rejects the policy; write a text"
    yield from _malformed_condition(statement)


def _malformed_principal(name: str, given: Any) -> Iterator[str]:
    if isinstance(given, str):
        if given != "*" and is_known(given):
            yield f'the {name} is the text "{given}", so AWS rejects the policy; write {{"AWS": "{given}"}}'
    elif isinstance(given, Mapping):
        for kind, values in given.items():
            for value in listed(values):
                if not isinstance(value, str):
                    yield f"{name} {kind} holds {_word(value)}, so AWS rejects the policy; write texts"
    else:
        yield f'the {name} is {_word(given)}, so AWS rejects the policy; write "*" or an object such as {{"AWS": …}}'


def _malformed_condition(statement: Statement) -> Iterator[str]:
    given = statement.body.get("Condition", {})
    if not is_known(given):
        return
    if not isinstance(given, Mapping) or not all(
        isinstance(each, Mapping) for each in given.values() if is_known(each)
    ):
        yield 'the Condition is not of the form {"OPERATOR": {"KEY": "VALUE"}}'
        return
    for operator, keys in given.items():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            if values == []:
                yield f"{operator} {key} compares with no value, so it is never met; write one"
            for value in listed(values):
                if value is None or isinstance(value, Mapping | list):
                    yield f"{operator} {key} compares with {_word(value)}, so AWS rejects the policy; write texts"
        folded = [str(key).lower() for key in keys] if isinstance(keys, Mapping) else []
        for key in sorted({each for each in folded if folded.count(each) > 1}):
            yield f"{operator} has the key {key} twice, in other cases, so AWS rejects the policy; join their values"


def _sids(document: Document) -> Iterator[str]:
    # Other services than IAM take any Sid, and one twice.
    given = [each.body.get("Sid") for each in document.statements] if document.kind.by_iam else []
    sids = [each for each in given if isinstance(each, str) and each and is_known(each)]
    for sid in dict.fromkeys(sids):
        if sids.count(sid) > 1:
            yield f'the Sid "{sid}" stands more than once, so IAM rejects the policy; give each statement its own'
        if not re.fullmatch("[A-Za-z0-9]*", sid):
            yield f'the Sid "{sid}" has more than letters and digits, so IAM rejects the policy; remove the rest'


def _word(value: Any) -> str:
    return _WORDS.get(type(value), "a number" if isinstance(value, float) else "a text")


_ELEMENTS_PAGE = f"{GUIDE}/reference_policies_elements"
_GRAMMAR_PAGE = f"{GUIDE}/reference_policies_grammar.html"


def _not_a_resource(resource: Resource) -> Iterator[str]:
    written = resource.template.resources.get(resource.logical_id, {})
    if not isinstance(written.get("Type"), str):
        yield 'it has no Type, so CloudFormation rejects the template; write one, such as "AWS::IAM::Role"'
    elif not isinstance(written.get("Properties", {}), Mapping):
        yield "its Properties are not an object, so CloudFormation rejects the template; write the properties by name"


OF_RESOURCES = (
    Rule(
        "not-a-resource",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html",
        "A resource has no Type, or its properties have no names, so that no policy in it is read.",
        "A transform of the template makes a resource of it.",
        _not_a_resource,
    ),
)
OF_DOCUMENTS = (
    Rule(
        "not-a-policy",
        _GRAMMAR_PAGE,
        "What stands in the place of a policy is none: text that is not JSON, or nothing with statements.",
        IF_AWS_CHANGED,
        _not_a_policy,
    ),
    Rule(
        "version",
        f"{_ELEMENTS_PAGE}_version.html",
        "The Version is missing, old or unknown, so that policy variables are plain text.",
        "The policy has no variables, and the service that holds it writes the old version itself.",
        _version,
    ),
    Rule(
        "unknown-policy-element",
        f"{_ELEMENTS_PAGE}.html",
        "The document has an element that policies do not have.",
        IF_AWS_CHANGED,
        _unknown_elements,
    ),
    Rule(
        "sid",
        f"{_ELEMENTS_PAGE}_sid.html",
        "A Sid stands twice in a policy of IAM, or has characters that IAM does not take.",
        IF_AWS_CHANGED,
        _sids,
    ),
)
OF_STATEMENTS = (
    Rule(
        "unknown-element",
        f"{_ELEMENTS_PAGE}.html",
        "The statement has an element that statements do not have.",
        IF_AWS_CHANGED,
        _unknown_element,
    ),
    Rule(
        "effect",
        f"{_ELEMENTS_PAGE}_effect.html",
        "The Effect is neither Allow nor Deny.",
        IF_AWS_CHANGED,
        _effect,
    ),
    Rule(
        "missing-element",
        f"{_ELEMENTS_PAGE}.html",
        "The statement lacks an element that its kind of policy must have, or has it empty.",
        IF_AWS_CHANGED,
        _missing_element,
    ),
    Rule(
        "misplaced-element",
        f"{_ELEMENTS_PAGE}.html",
        "The statement has an element that its kind of policy can't have.",
        IF_AWS_CHANGED,
        _misplaced_element,
    ),
    Rule(
        "exclusive-elements",
        _GRAMMAR_PAGE,
        "The statement has both an element and its opposite, such as Action and NotAction.",
        IF_AWS_CHANGED,
        _exclusive_elements,
    ),
    Rule(
        "malformed-element",
        _GRAMMAR_PAGE,
        "An element holds something of another form than AWS takes.",
        IF_AWS_CHANGED,
        _malformed_element,
    ),
)
