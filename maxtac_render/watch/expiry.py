"""With ``expired: delete`` a resource goes when its access has ended: after its policies, and never before them.

The MaxTac controller does that by itself. Under GitOps the resource comes back, with another time of creation, and
opens the access again: that is warned of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maxtac_render.engine.settling import applier
from maxtac_render.engine.standing import source_of
from maxtac_render.live.faults import ClusterFault, Refused
from maxtac_render.live.kinds import INTENTS
from maxtac_render.model.diagnostics import Code
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.ownership import is_written, slashed
from maxtac_render.watch.rounds import Result
from maxtac_render.watch.settings import Parts, Settings

_KINDS = {kind.kind: kind for kind in INTENTS}


class Expiry:
    """Deletes resources whose access has ended, and of which no policy of ours is left."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts

    def end(self, result: Result) -> bool:
        """Delete what has ended by a round; tells whether all of that is gone."""
        ended = [each.ref for each in result.compiled.found if each.code is Code.EXPIRED and each.ref is not None]
        if not ended or self._settings.expired != "delete" or self._settings.shadow:
            return True
        left = self._left(result)
        kept = [ref for ref in ended if slashed(ref) in left or not self._is_gone(ref, result)]
        return not kept

    def _left(self, result: Result) -> set[str]:
        """The resources of which there are policies of ours after the round."""
        name, writer, _ = self._settings.scope
        gone = {each.change.ref for each in result.outcome.done if each.change.after is None}
        there = (each.applied.policy for ref, each in result.stored.items() if ref not in gone)
        return {source_of(policy) for policy in there if is_written(dict(policy.labels), name, writer)}

    def _is_gone(self, ref: ObjectRef, result: Result) -> bool:
        """Delete one resource, if it still is what was judged; tells whether it is gone."""
        parts, kind = self._parts, _KINDS[ref.kind]
        store = parts.caches.intents[kind]
        judged = store.seen().entries.get((ref.namespace, ref.name))
        if judged is None or parts.caches.epochs() != result.compiled.epochs:
            return judged is None
        try:
            there = parts.client.get(kind, ref.namespace, ref.name)
            found = store.entry(there)[1]
            if (found.uid, found.value) != (judged.uid, judged.value) or not parts.leads():
                return False
            self._warn(ref, there["metadata"])
            preconditions = {"uid": found.uid, "resourceVersion": found.resource_version}
            body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
            parts.client.send("DELETE", kind.path(ref.namespace, ref.name), body=body)
        except ClusterFault as fault:
            if isinstance(fault, Refused) and fault.status.code == 404:
                return True
            parts.journal.warning("cannot delete a resource whose access has ended", ref, reason=fault)
            return False
        parts.journal.info("deleted a resource whose access has ended", ref)
        return True

    def _warn(self, ref: ObjectRef, metadata: Mapping[str, Any]) -> None:
        """Warn of a resource that will come back, and open its access again."""
        tool = applier(metadata.get("labels") or {}, metadata.get("annotations") or {})
        if tool:
            words = (
                "a resource whose access has ended is deleted, and its owner will bring it back: that opens it again"
            )
            self._parts.journal.warning(words, ref, owner=tool)
