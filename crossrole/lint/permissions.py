"""Rules about permissions that are everything, or that lead to everything."""

import re
from collections.abc import Iterator

from crossrole.iam.condition_keys import EVERY_ACTION
from crossrole.iam.policy import listed
from crossrole.iam.wildcards import covers, has_wildcard, overlap
from crossrole.lint.documents import Resource, Statement
from crossrole.lint.kinds import IDENTITY, MANAGED, UNKNOWN
from crossrole.lint.rule import GUIDE, InContext, Rule
from crossrole.unknown import as_pattern, is_known

# What each action lets its holder do, and the kind of resource that it works on.
_ESCALATIONS = {
    "iam:AddUserToGroup": ("group", "join any group, the administrators' too"),
    "iam:AttachGroupPolicy": ("group", "attach any policy, AdministratorAccess too, to any group"),
    "iam:AttachRolePolicy": ("role", "attach any policy, AdministratorAccess too, to any role"),
    "iam:AttachUserPolicy": ("user", "attach any policy, AdministratorAccess too, to any user"),
    "iam:CreateAccessKey": ("user", "make an access key for any user, and act as that user"),
    "iam:CreateLoginProfile": ("user", "give any user a console password, and sign in as that user"),
    "iam:CreatePolicyVersion": ("policy", "rewrite any managed policy of the account, its own too"),
    "iam:DeleteRolePermissionsBoundary": ("role", "take the permissions boundary off any role"),
    "iam:DeleteUserPermissionsBoundary": ("user", "take the permissions boundary off any user"),
    "iam:PassRole": ("role", "hand any role, an administrator's too, to a service that then acts for it"),
    "iam:PutGroupPolicy": ("group", "write any permission into any group"),
    "iam:PutRolePermissionsBoundary": ("role", "change the permissions boundary of any role"),
    "iam:PutRolePolicy": ("role", "write any permission into any role"),
    "iam:PutUserPermissionsBoundary": ("user", "change the permissions boundary of any user"),
    "iam:PutUserPolicy": ("user", "write any permission into any user"),
    "iam:SetDefaultPolicyVersion": ("policy", "bring back any older version of a managed policy"),
    "iam:UpdateAssumeRolePolicy": ("role", "let itself into any role, an administrator's too"),
    "iam:UpdateSAMLProvider": ("saml-provider", "replace the keys of any directory, and sign in as any of its users"),
    "iam:UpdateLoginProfile": ("user", "set any user's console password, and sign in as that user"),
}
# With these, one's own role or user is enough.
_OF_ITSELF = {
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
}
_ADMINISTRATOR = "lets its holder give itself every other permission; list the actions it needs"
_OF_S3 = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
# Conditions on these say who asks, when and from where; the holder of the policy still has it all.
_OF_THE_CALLER = re.compile(
    r"aws:(principal.*|userid|username|currenttime|epochtime|tokenissuetime|securetransport|multifactorauth.*"
    r"|source(ip|vpc|vpce|vpcarn|identity)|vpc.*|requestedregion|resourceaccount|resourceorgid|resourceorgpaths"
    r"|referer|useragent)"
)
_WIDE_MANAGED = {
    "AdministratorAccess": "allows every action on everything",
    "AmazonS3FullAccess": "allows every action of S3 on every bucket of the account",
    "IAMFullAccess": "lets its holder give itself every other permission",
    "PowerUserAccess": "allows every action but those of IAM and Organizations on everything",
}
_POLICY_ARN = re.compile(r"arn:[\w-]+:iam::(?:aws|[0-9]{12}):policy/[!-~]+", re.ASCII)


def _is_permission(statement: Statement) -> bool:
    """Return whether it gives its holder something, under no condition on what it is given."""
    return (
        statement.allows
        and statement.document.kind in {IDENTITY, MANAGED, UNKNOWN}
        and not {"Principal", "NotPrincipal"} & statement.body.keys()
        and not statement.has_unknown_conditions
        and all(_OF_THE_CALLER.fullmatch(each.folded) or each.is_met_by_any_value for each in statement.conditions)
    )


def _is_denied(action: str, statement: Statement) -> bool:
    """Return whether the document itself takes back an action, on everything and without a condition."""
    return statement.document.may_deny_more or any(
        each.denies
        and not each.body.get("Condition")
        and "*" in each.texts("Resource")
        and any(covers(pattern.lower(), action.lower()) for pattern in each.texts("Action"))
        for each in statement.document.statements
    )


def _wide(statement: Statement, kind: str) -> list[str]:
    """Return the resources of a statement that take in everything of IAM of one kind, such as every role."""
    template = statement.document.resource.template
    every = f"arn:{template.partition}:iam::{template.account}:{kind}/*"
    return [each for each in statement.texts("Resource") if covers(each, every) or _is_every(each, kind)]


def _is_every(resource: str, kind: str) -> bool:
    parts = resource.split(":", 5)
    return len(parts) == 6 and covers(parts[2], "iam") and covers(parts[5], f"{kind}/*")  # noqa: PLR2004 an ARN


def _administrator(statement: Statement) -> Iterator[str]:
    for pattern in statement.texts("Action") if _is_permission(statement) else ():
        given = [each for each in _ESCALATIONS if covers(pattern.lower(), each.lower())]
        left = [each for each in given if not _is_denied(each, statement)]
        if has_wildcard(pattern) and any(_wide(statement, _ESCALATIONS[each][0]) for each in left):
            yield f"Allow of {pattern} {_ADMINISTRATOR}"


def _escalation(subject: InContext[Statement]) -> Iterator[str]:
    statement = subject.subject
    named = {each.lower(): each for each in _ESCALATIONS}
    for pattern in statement.texts("Action") if _is_permission(statement) else ():
        action = named.get(pattern.lower())
        if action is None or _is_denied(action, statement):
            continue
        kind, lets = _ESCALATIONS[action]
        if wide := _wide(statement, kind):
            fix = "name those that it needs under Resource"
            if action == "iam:PassRole":
                fix += ", or the services under iam:PassedToService"
            yield f'{action} on "{wide[0]}" lets its holder {lets}; {fix}'
        elif action in _OF_ITSELF and (own := _own(subject, kind)):
            yield (
                f'{action} on "{own}" lets its holder change its own permissions, and so give itself every other; '
                "leave that to another role"
            )


def _own(subject: InContext[Statement], kind: str) -> str | None:
    """Return the resource of a statement that is whom its policy belongs to."""
    holders = [each for each in subject.holders.of(subject.subject.document) if each.kind == kind]
    arns = [subject.holders.arns[each] for each in holders if each in subject.holders.arns]
    for resource in subject.subject.texts("Resource"):
        if any(is_known(resource) and overlap(as_pattern(resource), arn) for arn in arns):
            return resource
        if kind == "user" and resource.lower().endswith("${aws:username}"):
            return resource
    return None


def _all_of_s3(statement: Statement) -> Iterator[str]:
    patterns = [each for each in statement.texts("Action") if each not in EVERY_ACTION]
    given = {each: [one for one in patterns if covers(one.lower(), each.lower())] for each in _OF_S3}
    wide = [each for each in statement.texts("Resource") if covers(each, "arn:aws:s3:::*/*")]
    if not _is_permission(statement) or not wide or not all(given.values()):
        return
    if not any(_is_denied(each, statement) for each in _OF_S3):
        actions = " and ".join(dict.fromkeys(each[0] for each in given.values()))
        yield (
            f'{actions} on "{wide[0]}" reads, changes and deletes every object of every bucket of the account; name '
            "the bucket under Resource, and only the actions that are needed"
        )


def _any_role(statement: Statement) -> Iterator[str]:
    if not _is_permission(statement) or _is_denied("sts:AssumeRole", statement):
        return
    patterns = [each for each in statement.texts("Action") if each not in EVERY_ACTION]
    wide = [each for each in statement.texts("Resource") if covers(each, "arn:aws:iam::*:role/*")]
    for pattern in patterns:
        if wide and covers(pattern.lower(), "sts:assumerole"):
            yield (
                f'{pattern} on "{wide[0]}" lets its holder become every role, in any account, that trusts its account; '
                "name the roles under Resource"
            )


def _managed_policy(resource: Resource) -> Iterator[str]:
    for name in ("ManagedPolicyArns", "ManagedPolicies") if _holds_policies(resource) else ():
        for arn in listed(resource.property(name)):
            if not isinstance(arn, str) or not is_known(arn):
                continue
            policy = arn.rpartition("/")[2]
            if ":iam::aws:policy/" in arn and policy in _WIDE_MANAGED:
                yield f"AWS's policy {policy} {_WIDE_MANAGED[policy]}; attach one with the permissions that are needed"


def _holds_policies(resource: Resource) -> bool:
    return resource.type in {"AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group", "AWS::SSO::PermissionSet"}


def _not_a_policy_arn(resource: Resource) -> Iterator[str]:
    for name in ("ManagedPolicyArns", "ManagedPolicies", "PermissionsBoundary") if _holds_policies(resource) else ():
        for arn in listed(resource.property(name) or []):
            if isinstance(arn, str) and is_known(arn) and not _POLICY_ARN.fullmatch(arn):
                yield (
                    f'"{arn}" under {name} is not the ARN of a managed policy, so IAM rejects it; write one such as '
                    "arn:aws:iam::aws:policy/ReadOnlyAccess"
                )


_ESCALATION_PAGE = f"{GUIDE}/best-practices.html#grant-least-privilege"

OF_STATEMENTS = (
    Rule(
        "administrator",
        _ESCALATION_PAGE,
        "A wildcard takes in the actions of IAM with which the holder gives itself every other permission.",
        "The holder is an administrator.",
        _administrator,
    ),
    Rule(
        "all-of-s3",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_id-based-policy-examples.html",
        "The holder may read, change and delete every object of every bucket of the account.",
        "The account has only buckets that are meant, or the holder administers all of them.",
        _all_of_s3,
    ),
    Rule(
        "assume-any-role",
        f"{GUIDE}/id_roles_use_permissions-to-switch.html",
        "The holder may assume every role, in any account, that trusts its account.",
        "Each role's own trust policy names who may assume it, and that is where it is decided.",
        _any_role,
    ),
)
OF_STATEMENTS_IN_CONTEXT = (
    Rule(
        "escalation",
        f"{GUIDE}/id_roles_use_passrole.html",
        "One action of IAM with which the holder gets other permissions than its own.",
        "The holder administers users and roles, or a permissions boundary limits what it can give.",
        _escalation,
    ),
)
OF_RESOURCES = (
    Rule(
        "wide-managed-policy",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html",
        "A policy of AWS is attached that allows everything, or leads to everything.",
        "The holder is an administrator.",
        _managed_policy,
    ),
    Rule(
        "not-a-policy-arn",
        f"{GUIDE}/access_policies_managed-vs-inline.html",
        "What is attached as a managed policy is not the ARN of one.",
        "CloudFormation makes the ARN of it only at deployment.",
        _not_a_policy_arn,
    ),
)
