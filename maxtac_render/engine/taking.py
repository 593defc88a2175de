"""Taking over policies of somebody else: their specs become ours, and they say so; what others added to them stays."""

from __future__ import annotations

from maxtac_render.engine.plan import change
from maxtac_render.engine.settling import Scope, over, step
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Applied
from maxtac_render.model.stored import Stored


def take(wanted: Applied | None, present: Stored | None, scope: Scope) -> Change | None:
    """What makes a policy the wanted one, whoever has written it; one that is gone is made."""
    if present is None or wanted is None:
        return None if wanted is None else Change(None, wanted)
    found = step(wanted, present, scope)
    if found is None or isinstance(found, Change):
        return found
    return taken(wanted, present)


def taken(wanted: Applied, present: Stored) -> Change:
    """The change by which a policy of somebody else becomes the wanted one."""
    after = over(wanted, present)
    found = change(present.applied, after)
    return found or Change(present.applied, after, ("metadata.labels",))
