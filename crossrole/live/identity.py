"""A role or a user as IAM has it now, read with IAM's own calls."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from crossrole.errors import CommandError
from crossrole.iam.arn import is_role, name_of
from crossrole.iam.policy import Policy, policy_of
from crossrole.iam.session_denials import Document
from crossrole.live.sessions import DENIED, code_of, message_of
from crossrole.templates.inventory import Identity

LIVE = "live"
"""The template that deployed policies are said to stand in."""


class Unreadable(Exception):  # noqa: N818 it is what the policies are
    """IAM denies to show it; `permissions` are the actions that are missing."""

    def __init__(self, permissions: tuple[str, ...]) -> None:
        super().__init__(", ".join(permissions))
        self.permissions = permissions


class PolicyReader:
    """Reads the policies of a role, user or group as IAM has them; what IAM does not show is left out and remembered.

    A `kind` is "role", "user" or "group", as IAM's calls are named.
    """

    def __init__(self, iam: Any) -> None:
        """Read with an IAM client."""
        self._iam = iam
        self.denied: list[ClientError] = []
        """IAM's answers to what the profile may not read."""
        self.gone: list[ClientError] = []
        """IAM's answers to policies that it has listed and does not have: they were changed just now."""

    def inline(self, kind: str, name: str, *more: str) -> dict[str, Document]:
        """Return the inline policies by name: those that IAM lists, and those of `more` that there are."""
        holder = {f"{kind.title()}Name": name}
        names = dict.fromkeys([*self.listed(f"list_{kind}_policies", "PolicyNames", **holder), *more])
        answers = {each: self._policy(f"get_{kind}_policy", **holder, PolicyName=each) for each in names}
        return {each: answer["PolicyDocument"] for each, answer in answers.items() if answer}

    def attached(self, kind: str, name: str) -> list[str]:
        """Return the ARNs of the managed policies."""
        holder = {f"{kind.title()}Name": name}
        return [
            each["PolicyArn"] for each in self.listed(f"list_attached_{kind}_policies", "AttachedPolicies", **holder)
        ]

    def managed(self, arn: str) -> Document | None:
        """Return a managed policy; None where it may not be read, or is gone."""
        if not (described := self._policy("get_policy", PolicyArn=arn)):
            return None
        version = described["Policy"]["DefaultVersionId"]
        answer = self._policy("get_policy_version", PolicyArn=arn, VersionId=version)
        return answer["PolicyVersion"]["Document"] if answer else None

    def asked(self, operation: str, **request: str) -> Mapping[str, Any]:
        """Return IAM's answer, or an empty one where it is denied."""
        answer: Mapping[str, Any] = {}
        with self._denials():
            answer = getattr(self._iam, operation)(**request)
        return answer  # noqa: RET504 the empty one where it is denied

    def listed(self, operation: str, key: str, **request: str) -> list[Any]:
        """Return what stands under the key in every page of IAM's answer."""
        found: list[Any] = []
        with self._denials():
            for page in self._iam.get_paginator(operation).paginate(**request):
                found += page[key]
        return found

    def _policy(self, operation: str, **request: str) -> Mapping[str, Any]:
        """Return IAM's answer, or an empty one where there is no such policy."""
        try:
            return self.asked(operation, **request)
        except ClientError as error:
            if code_of(error) != "NoSuchEntity":
                raise
            self.gone.append(error)
            return {}

    @contextmanager
    def _denials(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            self.denied.append(error)


def live_identity(iam: Any, arn: str, templated: Identity | None = None) -> Identity:
    """Return what IAM says of a role or user.

    A managed policy that the templates name but do not hold is named here too, and not read, so that the two can be
    compared. Raises `Unreadable` with everything that is denied, `ClientError` for what else goes wrong, and
    `CommandError` for a policy that can't be evaluated, or that IAM lists and does not have.
    """
    reader, kind, name = PolicyReader(iam), "role" if is_role(arn) else "user", name_of(arn)
    by_name_only = set(templated.elsewhere) if templated else set()
    policies: list[Policy] = []
    elsewhere: list[str] = []
    found = reader.asked(f"get_{kind}", **{f"{kind.title()}Name": name}).get(kind.title(), {})
    for holder in _holders(reader, kind, name):
        policies += [_policy(holder[1], each, document) for each, document in reader.inline(*holder).items()]
        for each in reader.attached(*holder):
            if (words := f"the managed policy {each}") in by_name_only:
                elsewhere.append(words)
            elif document := reader.managed(each):
                policies.append(_policy(name, each, document))
    boundary_arn = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    is_evaluated = templated is None or templated.boundary is not None
    boundary = reader.managed(boundary_arn) if boundary_arn and is_evaluated else None
    trust = found.get("AssumeRolePolicyDocument")
    if reader.denied:
        # IAM's calls are named as their permissions are.
        raise Unreadable(tuple(dict.fromkeys(f"iam:{each.operation_name}" for each in reader.denied)))
    if reader.gone:
        # A Deny may be in it.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
        why = message_of(reader.gone[0])
        raise CommandError(f"IAM lists a policy of {name} and does not have it ({why}); wait a minute and call again")
    return Identity(
        arn=str(found["Arn"]),
        policies=tuple(policies),
        boundary_arn=boundary_arn,
        boundary=_policy(name, boundary_arn, boundary) if boundary else None,
        trust=_policy(name, "AssumeRolePolicyDocument", trust) if trust else None,
        max_session=found.get("MaxSessionDuration"),
        elsewhere=tuple(elsewhere),
        tags={str(tag["Key"]): str(tag["Value"]) for tag in found.get("Tags", [])},
    )


def _holders(reader: PolicyReader, kind: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield who holds the policies of a role or user: itself, and a user's groups."""
    yield kind, name
    if kind == "user":
        yield from (
            ("group", each["GroupName"]) for each in reader.listed("list_groups_for_user", "Groups", UserName=name)
        )


def _policy(holder: str, name: str, document: Any) -> Policy:
    return policy_of(template=LIVE, logical_id=holder, name=name, document=document)
