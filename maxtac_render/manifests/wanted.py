"""Which objects are read for their content; everything else is passed over."""

from __future__ import annotations

from typing import Final, NamedTuple

from maxtac_render.model.configuration import API_VERSION as CONFIGURATION
from maxtac_render.model.configuration import KIND as RENDER
from maxtac_render.model.intent import GROUP, KINDS
from maxtac_render.model.policy import API_VERSION as NETWORKING
from maxtac_render.model.policy import KIND as POLICY


class Wanted(NamedTuple):
    """What is read of other groups than MaxTac's own, by apiVersion and kind. Of that one, everything is read.

    ``suspects`` are the kinds that are looked at whatever their group. With ``local``, what is marked to be for tools
    only is taken too, whatever its kind.
    """

    kinds: frozenset[tuple[str, str]]
    suspects: frozenset[str]
    local: bool = False

    def takes(self, api_version: str, kind: str) -> bool:
        """Tell whether objects of this kind are read for their content."""
        return (api_version, kind) in self.kinds or is_ours(api_version)


def wanted(*kinds: tuple[str, str]) -> Wanted:
    """What is read besides MaxTac's own kinds."""
    return Wanted(frozenset(kinds), frozenset({*KINDS, *(kind for _, kind in kinds)}))


def is_ours(api_version: str) -> bool:
    """Tell whether an apiVersion belongs to MaxTac's group."""
    return api_version.partition("/")[0] == GROUP


INTENTS: Final = wanted(("v1", "Service"))
"""What policies are compiled from."""

CLUSTER: Final = wanted(
    *INTENTS.kinds,
    (NETWORKING, POLICY),
    *(("v1", kind) for kind in ("Namespace", "Pod", "ReplicationController")),
    *(("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
    *(("batch/v1", kind) for kind in ("Job", "CronJob")),
)
"""What says, besides, which pods there are and which policies they have already."""

PASSED: Final = wanted(*INTENTS.kinds, (NETWORKING, POLICY), (CONFIGURATION, RENDER))._replace(local=True)
"""What policies are compiled from, and what may not come out again on the way through."""
