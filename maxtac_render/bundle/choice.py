"""What may be chosen about the bundle, and the names in it.

Source of the names: the bundle that MaxTac's README installs (``config/`` in its repository, with the namespace
maxtac-system and the prefix maxtac-).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from maxtac_render import __version__
from maxtac_render.model.names import lease_name

NAMESPACE: Final = "maxtac-system"
SET: Final = "maxtac"
CONTROLLER: Final = "maxtac-controller-manager"
"""The name of the Deployment, of its ServiceAccount, and of what else there is once."""
LABELS: Final = {"app.kubernetes.io/name": "maxtac", "control-plane": "controller-manager"}
"""The labels of the pods, by which their Deployment selects them: that can never be changed, so they are MaxTac's."""


class Choice(NamedTuple):
    """What is chosen about the bundle.

    ``lease`` is the name of the Lease, ``watched`` the only namespace that is read and written. ``arguments`` are those
    of ``maxtac watch`` besides the set; ``deletes`` tells that by them it deletes resources that have expired.
    """

    namespace: str = NAMESPACE
    image: str = f"maxtac-render:{__version__}"
    set: str = SET
    lease: str = lease_name(SET)
    watched: str = ""
    replicas: int = 2
    arguments: tuple[str, ...] = ()
    deletes: bool = False
    service_monitor: bool = False
    admission_policy: bool = False

    def cluster_name(self, plain: str) -> str:
        """The name of an object that is in no namespace: in another namespace than MaxTac's another one."""
        return plain if self.namespace == NAMESPACE else f"{plain}-{self.namespace}"

    def metadata(self, name: str, *, namespaced: bool = True) -> dict[str, Any]:
        """What identifies an object of the bundle."""
        place = {"namespace": self.namespace} if namespaced else {}
        return {"name": name if namespaced else self.cluster_name(name), **place, "labels": dict(LABELS)}

    @property
    def account(self) -> str:
        """The controller's user name."""
        return f"system:serviceaccount:{self.namespace}:{CONTROLLER}"
