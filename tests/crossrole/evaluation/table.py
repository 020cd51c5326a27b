"""How a row of the decision table is written: a sentence, the question, and where the answer falls.

A row asks what AWS answers by its documentation, with every policy that is outside the templates taken to allow what is
asked: that is how `can` asks too.
"""

import re
from dataclasses import dataclass

from crossrole.engines.simulator import Context
from crossrole.templates.inventory import Inventory
from crossrole.unknown import token, unknowns_in


@dataclass(frozen=True)
class Row:
    """One line of the table; `denied_at` is the kind of the first request that is denied, None where none is."""

    says: str
    caller: str
    via: str | None
    action: str
    resource: str
    context: Context
    denied_at: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether the answer is yes."""
        return self.denied_at is None


def can(  # noqa: PLR0917 a row of a table
    says: str, caller: str, via: str | None, action: str, resource: str, context: Context | None = None
) -> Row:
    """Return a row whose answer is yes."""
    return Row(says, caller, via, action, resource, context or {})


def cannot(  # noqa: PLR0917 a row of a table
    says: str,
    caller: str,
    via: str | None,
    action: str,
    resource: str,
    context: Context | None = None,
    *,
    at: str = "act",
) -> Row:
    """Return a row whose answer is no, given at one request of the chain: `assume`, `act` or `key`."""
    return Row(says, caller, via, action, resource, context or {}, at)


DEV = "111111111111"
PROD = "222222222222"
PARTNER = "333333333333"
OTHER = "444444444444"


def user(path_and_name: str, account: str = DEV) -> str:
    """Return a user's ARN."""
    return f"arn:aws:iam::{account}:user/{path_and_name}"


def role(path_and_name: str, account: str = DEV) -> str:
    """Return a role's ARN."""
    return f"arn:aws:iam::{account}:role/{path_and_name}"


def session(name: str, account: str = DEV) -> str:
    """Return the ARN that STS gives a role's session, which has no path."""
    return f"arn:aws:sts::{account}:assumed-role/{name}/anything"


def as_deployed(text: str, inventory: Inventory) -> str:
    """Return a text with the name that the deployment chooses in the place of `<LOGICAL ID>`."""
    documents = [policy.document for each in inventory.identities for policy in each.policies]
    unknown = unknowns_in([*documents, *inventory.resource_policies])

    def named(match: re.Match[str]) -> str:
        found = [each for each in unknown if each.text.partition(",")[0].endswith(f"/{match[1]}")]
        # No policy names it: any name that is its own.
        return token(found[0]) if found else f"of-{match[1]}"

    return re.sub(r"<(\w+)>", named, text)
