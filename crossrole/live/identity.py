"""A role or a user as IAM has it now, read with IAM's own calls."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from crossrole.iam.arn import is_role, name_of
from crossrole.iam.policy import Policy, policy_of
from crossrole.live.sessions import code_of
from crossrole.templates.inventory import Identity

LIVE = "live"
"""The template that deployed policies are said to stand in."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


class Unreadable(Exception):  # noqa: N818 it is what the policies are
    """IAM refuses to show it; `permissions` are the actions that are missing."""

    def __init__(self, permissions: tuple[str, ...]) -> None:
        super().__init__(", ".join(permissions))
        self.permissions = permissions


def live_identity(iam: Any, arn: str, templated: Identity | None = None) -> Identity:
    """Return what IAM says of a role or user.

    A managed policy that the templates name but do not hold is named here too, and not read, so that the two can be
    compared. Raises `Unreadable` with everything that is refused, `ClientError` for what else goes wrong, and
    `CommandError` for a policy that can't be judged.
    """
    return _Reader(iam, name_of(arn), templated).identity(arn)


class _Reader:
    def __init__(self, iam: Any, name: str, templated: Identity | None) -> None:
        self._iam = iam
        self._name = name
        self._by_name_only = set(templated.elsewhere) if templated else set()
        self._boundary_is_judged = templated is None or templated.boundary is not None
        self._refused: list[str] = []

    def identity(self, arn: str) -> Identity:
        kind = "Role" if is_role(arn) else "User"
        holder = self._get(f"Get{kind}", **{f"{kind}Name": self._name}).get(kind, {})
        policies, elsewhere = self._policies(kind, self._name)
        for group in self._groups() if kind == "User" else []:
            more, others = self._policies("Group", group)
            policies, elsewhere = [*policies, *more], [*elsewhere, *others]
        boundary_arn = holder.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        boundary = self._managed(boundary_arn) if boundary_arn and self._boundary_is_judged else None
        trust = holder.get("AssumeRolePolicyDocument")
        if self._refused:
            raise Unreadable(tuple(dict.fromkeys(self._refused)))
        return Identity(
            arn=str(holder["Arn"]),
            policies=tuple(policies),
            boundary_arn=boundary_arn,
            boundary=boundary,
            trust=_policy(self._name, "AssumeRolePolicyDocument", trust) if trust else None,
            max_session=holder.get("MaxSessionDuration"),
            elsewhere=tuple(elsewhere),
            tags={str(tag["Key"]): str(tag["Value"]) for tag in holder.get("Tags", [])},
        )

    def _policies(self, kind: str, name: str) -> tuple[list[Policy], list[str]]:
        """Return the policies of a role, user or group, and in words those that are not to be read."""
        holder = {f"{kind}Name": name}
        inline = self._all(f"List{kind}Policies", "PolicyNames", **holder)
        documents = [(each, self._get(f"Get{kind}Policy", **holder, PolicyName=each)) for each in inline]
        policies = [_policy(name, each, answer["PolicyDocument"]) for each, answer in documents if answer]
        elsewhere = []
        for each in self._all(f"ListAttached{kind}Policies", "AttachedPolicies", **holder):
            words = f"the managed policy {each['PolicyArn']}"
            if words in self._by_name_only:
                elsewhere.append(words)
            elif policy := self._managed(each["PolicyArn"]):
                policies.append(policy)
        return policies, elsewhere

    def _groups(self) -> list[str]:
        groups = self._all("ListGroupsForUser", "Groups", UserName=self._name)
        return [str(each["GroupName"]) for each in groups]

    def _managed(self, arn: str) -> Policy | None:
        described = self._get("GetPolicy", PolicyArn=arn)
        if not described:
            return None
        version = described["Policy"]["DefaultVersionId"]
        answer = self._get("GetPolicyVersion", PolicyArn=arn, VersionId=version)
        return _policy(self._name, arn, answer["PolicyVersion"]["Document"]) if answer else None

    def _get(self, operation: str, **request: str) -> Mapping[str, Any]:
        """Return IAM's answer, or an empty one where it refuses, which is remembered."""
        for answer in self._answers(operation, request):
            return answer
        return {}

    def _all(self, operation: str, key: str, **request: str) -> list[Any]:
        return [each for page in self._answers(operation, request) for each in page[key]]

    def _answers(self, operation: str, request: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        method = _snake(operation)
        try:
            if self._iam.can_paginate(method):
                yield from self._iam.get_paginator(method).paginate(**request)
            else:
                yield getattr(self._iam, method)(**request)
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            # IAM's calls are named as their permissions are.
            self._refused.append(f"iam:{operation}")


def _snake(operation: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in operation).removeprefix("_")


def _policy(holder: str, name: str, document: Any) -> Policy:
    return policy_of(template=LIVE, logical_id=holder, name=name, document=document)
