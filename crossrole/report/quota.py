"""How much of IAM's quotas a grant's policies use."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crossrole.iam.quotas import INLINE_POLICIES, TRUST_POLICY
from crossrole.templates.grant import Grant
from crossrole.templates.intrinsics import Template
from crossrole.templates.policy_documents import documents_of

_INLINE = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy")
Sizes = Mapping[tuple[str, str], Mapping[str, int]]
"""The characters of each policy document, by template and logical id, and then by its place in the resource."""


@dataclass(frozen=True)
class Quota:
    """Characters of a quota that are used; IAM does not count white space."""

    name: str
    used: int
    of: int

    @property
    def percent(self) -> int:
        """The share that is used, rounded up so that what is over the quota is over 100."""
        return -(-100 * self.used // self.of)


def sizes_of(templates: Iterable[Template]) -> Sizes:
    """Return the size of every policy document that counts as a trust policy or an inline policy."""
    sizes: dict[tuple[str, str], dict[str, int]] = {}
    for template in templates:
        for document in documents_of(template):
            kind = template.resources[document.logical_id].get("Type")
            if kind == "AWS::IAM::Role" or kind in _INLINE:
                text = json.dumps(document.body, separators=(",", ":"), ensure_ascii=False)
                sizes.setdefault((document.template, document.logical_id), {})[document.path] = len(text)
    return sizes


def quotas_of(grant: Grant, sizes: Sizes) -> tuple[Quota, Quota]:
    """Return what the grant's role uses of the quota of its trust policy, and of that of its inline policies."""
    trust = sizes.get((grant.trust.template, grant.trust.logical_id), {}).get("AssumeRolePolicyDocument", 0)
    holders = {(policy.template, policy.logical_id) for policy in grant.role.policies}
    of_holders = sum(
        sum(sizes.get(each, {}).values()) for each in holders | {(grant.trust.template, grant.trust.logical_id)}
    )
    return Quota("trust policy", trust, TRUST_POLICY), Quota("inline policies", of_holders - trust, INLINE_POLICIES)
