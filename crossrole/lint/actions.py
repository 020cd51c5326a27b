"""Rules about actions: those that do not exist, and those that the kind of policy or of principal can't be given."""

from collections.abc import Iterator

from crossrole.errors import CommandError, nearest
from crossrole.iam.actions import RETIRED_SERVICES, UNLISTED_ACTIONS, data, known_action, works_on_no_resource
from crossrole.iam.condition_keys import EVERY_ACTION, matching_actions
from crossrole.iam.resource_arns import SEGMENTS, example, exists, fits
from crossrole.iam.wildcards import has_wildcard, overlap
from crossrole.lint.documents import Statement
from crossrole.lint.kinds import TRUST
from crossrole.lint.rule import GUIDE, IF_AWS_CHANGED, Rule
from crossrole.unknown import as_pattern, is_known

_REFERENCE = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)
_ASSUME, _WEB, _SAML = "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"
_OF_TRUST = (_ASSUME, _WEB, _SAML, "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext")


def gives(statement: Statement, action: str) -> bool:
    """Return whether the statement's Action takes in an action."""
    return any(overlap(each.lower(), action.lower()) for each in statement.texts("Action"))


def _patterns(statement: Statement) -> list[str]:
    given = statement.texts("Action") + statement.texts("NotAction")
    return [each for each in given if is_known(each) and each not in EVERY_ACTION]


def _unknown_action(statement: Statement) -> Iterator[str]:
    for pattern in _patterns(statement):
        unlisted = pattern.lower() in UNLISTED_ACTIONS or _service(pattern) in RETIRED_SERVICES
        if not unlisted and not matching_actions(pattern):
            yield _no_such_action(pattern)


def _no_such_action(pattern: str) -> str:
    service, _, name = pattern.partition(":")
    if name and not data().services.service_exists(service):
        near = nearest(service, data().services.get_service_keys())
        return f'there is no action "{pattern}": AWS has no service "{service}"{near}'
    if name and has_wildcard(name):
        near = nearest(name.strip("*?"), data().actions.get_actions_for_service(service))
        return f'"{pattern}" matches no action{near}'
    try:
        # It raises the error that every command prints, since nothing matched.
        return known_action(pattern)
    except CommandError as error:
        return str(error)


def _action_of_trust(statement: Statement) -> Iterator[str]:
    for pattern in _patterns(statement) if statement.document.kind == TRUST else ():
        if not any(overlap(pattern.lower(), each.lower()) for each in _OF_TRUST):
            yield (
                f"a trust policy only says who may assume the role, so IAM rejects {pattern} in it; "
                "move it to a policy of the role"
            )


def _action_of_another_service(statement: Statement) -> Iterator[str]:
    kind = statement.document.kind
    for pattern in _patterns(statement) if kind.services and kind != TRUST else ():
        service = _service(pattern)
        if data().services.service_exists(service) and service not in kind.services:
            yield (
                f"{kind.words} gives only actions of {' and '.join(sorted(kind.services))}, so {pattern} never "
                "matches; move it to a policy that is attached to a role or to a resource of its own service"
            )


def _how_it_assumes(statement: Statement) -> Iterator[str]:
    if statement.document.kind != TRUST or not statement.allows or not all(map(is_known, statement.texts("Action"))):
        return
    given = [each for each in (_ASSUME, _WEB, _SAML) if gives(statement, each)]
    for kind, name in statement.principals:
        wanted = _assumes_with(kind, name)
        if given and wanted and wanted not in given and is_known(name):
            yield (
                f"{name} assumes a role with {wanted}, which the statement does not allow, so it never gets in; "
                f'write "Action": "{wanted}"'
            )


def _assumes_with(kind: str, name: str) -> str:
    if kind == "Federated":
        return _SAML if ":saml-provider/" in name else _WEB
    return _ASSUME if kind in {"AWS", "Service"} and name != "*" else ""


def _never_on_the_resource(statement: Statement) -> Iterator[str]:
    resources = statement.texts("Resource")
    for pattern in _patterns(statement) if resources and "Action" in statement.body else ():
        actions = matching_actions(pattern)
        if actions and not any(_fits(action, each) for action in actions for each in resources):
            partition = statement.document.resource.template.partition
            write = _example(actions[0], resources[0], partition)
            yield f"{pattern} never matches the statement's Resource; write {write}"


def _fits(action: str, resource: str) -> bool:
    pattern = as_pattern(resource)
    parts = pattern.split(":", SEGMENTS - 1)
    if parts[0] != "arn" or len(parts) < SEGMENTS or not exists(resource):
        return True  # everything, or the finding of another rule
    service = _service(action)
    if works_on_no_resource(action):
        # Only of S3 does the reference list every resource. arn:aws:s3:::* takes in the account's own arn:aws:s3:::.
        return service != "s3" or has_wildcard(parts[-1].split("/")[0])
    if service != "s3" and has_wildcard(parts[-1][:1]) and overlap(parts[2], service):
        return True  # any resource of the service
    return fits(action, resource)


def _example(action: str, resource: str, partition: str) -> str:
    written = example(resource, partition=partition, action=action)
    return f"an ARN such as {written}" if written else '"*"'


def _service(pattern: str) -> str:
    return pattern.partition(":")[0].lower()


OF_STATEMENTS = (
    Rule(
        "unknown-action",
        _REFERENCE,
        "No action of AWS has such a name.",
        "The action is newer than the reference that this version of crossrole has.",
        _unknown_action,
    ),
    Rule(
        "action-of-trust",
        f"{GUIDE}/id_roles_update-role-trust-policy.html",
        "A trust policy gives an action that is not about assuming the role.",
        IF_AWS_CHANGED,
        _action_of_trust,
    ),
    Rule(
        "action-of-another-service",
        f"{GUIDE}/access_policies_identity-vs-resource.html",
        "A policy of a resource gives an action of a service that the resource does not belong to.",
        IF_AWS_CHANGED,
        _action_of_another_service,
    ),
    Rule(
        "assume-action",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
        "A trust policy trusts someone with another way of assuming the role than theirs.",
        IF_AWS_CHANGED,
        _how_it_assumes,
    ),
    Rule(
        "action-without-resource",
        _REFERENCE,
        "The action never works on any resource that the statement names.",
        "The action works on more than the reference of this version of crossrole says.",
        _never_on_the_resource,
    ),
)
