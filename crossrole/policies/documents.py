"""The policies of one grant as the AWS CLI takes them: what CDK would deploy, document by document."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossrole.errors import CommandError
from crossrole.iam.actions import ASSUME
from crossrole.iam.policy import VERSION, Statement, texts
from crossrole.templates.grant import Grant, grant_of
from crossrole.templates.intrinsics import Template, account_names
from crossrole.templates.inventory import Identity, Inventory
from crossrole.templates.reader import read_inventory
from crossrole.unknown import all_worded, has_unknowns, unknowns_in

TRUST = "trust-policy.json"
CALLER = "assume-role-policy.json"

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Policies:
    """Every policy of a grant, in both accounts."""

    grant: Grant
    trust: Document
    permissions: Mapping[str, Document]
    """The role's inline policies by name."""
    caller: Document
    """What each caller's own policies must allow: to assume exactly this role."""
    role: Mapping[str, Any]
    """The role's properties, as CloudFormation names them, with its tags."""
    profiles: Mapping[str, str]
    """The names of the accounts of the templates, for AWS profiles, by account id."""
    given: frozenset[str]
    """The principals whose own policies in the templates let them assume the role."""

    @property
    def files(self) -> dict[str, Document]:
        """The documents by the name of the file that holds each; `<…>` stands for what only the deployment knows."""
        inline = {permissions_file(name): document for name, document in self.permissions.items()}
        files = {TRUST: self.trust, **inline, CALLER: self.caller}
        return {name: all_worded(document) for name, document in files.items()}

    @property
    def missing(self) -> dict[str, list[str]]:
        """What has to be filled in by hand, by file."""
        inline = {permissions_file(name): document for name, document in self.permissions.items()}
        files = {TRUST: self.trust, **inline, CALLER: self.caller}
        found = {name: [each.text for each in unknowns_in(document)] for name, document in files.items()}
        return {name: unknown for name, unknown in found.items() if unknown}


def permissions_file(name: str) -> str:
    """Return the name of the file that holds an inline policy; raises `CommandError` for a name that is invalid in IAM.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    """
    if not re.fullmatch(r"[\w+=,.@-]{1,128}", name, re.ASCII):
        raise CommandError(f"{name!r} is not the name of an inline policy; expected letters, digits and _+=,.@-")
    return f"permissions-{name}.json"


def policies_of(templates: list[Template], name: str) -> Policies:
    """Return the policies of the grant of that name.

    Raises `CommandError` where a policy is not in the role.
    """
    inventory = read_inventory(templates)
    grant = grant_of(inventory, name)
    template = next(each for each in templates if each.stack == grant.trust.template)
    # As in the template, not as `Policy` has them for the engines: CDK would deploy exactly these.
    role = template.resolve(template.properties(grant.trust.logical_id), at=grant.trust.logical_id)
    try:
        inline = {str(each["PolicyName"]): dict(each["PolicyDocument"]) for each in role.get("Policies", [])}
        own_tags = {str(each["Key"]): str(each["Value"]) for each in role.get("Tags", [])}
        managed = list(map(str, role.get("ManagedPolicyArns", [])))
    except (AttributeError, KeyError, TypeError, ValueError):
        what = f"{grant.role.place} has Policies, Tags or ManagedPolicyArns that are not lists as IAM takes them"
        raise CommandError(what) from None
    others = [each.place for each in grant.role.policies if each.logical_id != grant.trust.logical_id]
    if others := [*others, *managed]:
        raise CommandError(
            f"{grant.name} has policies that are not inline ({', '.join(others)}); only inline policies can be made"
        )
    tags = {**{key: each for key, each in template.tags.items() if not has_unknowns(key)}, **own_tags}
    return Policies(
        grant=grant,
        trust=role["AssumeRolePolicyDocument"],
        permissions=inline,
        caller={"Version": VERSION, "Statement": list(_caller(inventory, grant))},
        role={**role, "Tags": tags},
        profiles=account_names(templates),
        given=frozenset(each for each in grant.principals if _of(inventory.identity(each), grant, ASSUME)),
    )


def _caller(inventory: Inventory, grant: Grant) -> Iterator[Statement]:
    """Yield the caller's statements: what the templates give to the grant's callers, else the same made here."""
    yield _given(inventory, grant, ASSUME) or _assume_role(grant)
    if grant.takes_source_identity:
        users = all(":user/" in each for each in grant.principals)
        own_name = {"Condition": {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}} if users else {}
        made = {"Sid": "SetSourceIdentity", "Effect": "Allow", "Action": _SET, "Resource": grant.arn, **own_name}
        yield _given(inventory, grant, _SET) or made
    if keys := grant.session_tags:
        condition = {"ForAllValues:StringEquals": {"aws:TagKeys": keys[0] if len(keys) == 1 else keys}}
        made = {"Sid": "TagSession", "Effect": "Allow", "Action": _TAG, "Resource": grant.arn, "Condition": condition}
        yield _given(inventory, grant, _TAG) or made


_SET, _TAG = "sts:SetSourceIdentity", "sts:TagSession"


def _given(inventory: Inventory, grant: Grant, action: str) -> Statement | None:
    """Return the one statement by which the templates let callers do it; None where they have none, or several."""
    found = [each for identity in inventory.identities for each in _of(identity, grant, action)]
    return {**found[0], "Resource": grant.arn} if found and all(_same(each, found[0]) for each in found) else None


def _same(one: Statement, other: Statement) -> bool:
    return {**one, "Resource": None} == {**other, "Resource": None}


def _of(identity: Identity | None, grant: Grant, action: str) -> list[Statement]:
    """Return the statements of a caller's policies that allow just this action on the grant's role."""
    return [
        statement
        for policy in (identity.policies if identity else ())
        for statement in policy.statements
        if statement["Effect"] == "Allow"
        and texts(statement.get("Action")) == [action]
        and grant.arn in texts(statement.get("Resource"))
    ]


def _assume_role(grant: Grant) -> Statement:
    made = {"Sid": "AssumeGrantRole", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": grant.arn}
    if grant.mfa_max_age is None:
        return made
    recent = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThanEquals": {"aws:MultiFactorAuthAge": str(grant.mfa_max_age)},
    }
    return {**made, "Condition": recent}
