"""Changes that `diff` can't prove: it reports them, so that no output means no change."""

from collections.abc import Iterator

from crossrole.diff.sentences import UNPROVED, Change
from crossrole.templates.inventory import Inventory


def unevaluated_changes(base: Inventory, head: Inventory) -> Iterator[Change]:
    """Yield a change for each resource or property that was added, changed or removed and that no rule judges."""
    before, now = ([state.unevaluated, state.unevaluated_changing] for state in (base, head))
    for place in sorted({place for each in [*before, *now] for place in each}):
        if [each.get(place) for each in before] != [each.get(place) for each in now]:
            text = f"{place} was changed, which may give access"
            yield Change(gained=True, text=text, notes=(f"{UNPROVED}: look at it yourself",))
