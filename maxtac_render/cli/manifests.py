"""Print manifests for the cluster.

crds: the CustomResourceDefinitions of the four MaxTac kinds, with validation that refuses what maxtac check calls an
error. They take the place of those that come with the MaxTac controller, and need Kubernetes 1.25 or newer.

argocd: the ConfigMap with plugin.yaml, for the sidecar of Argo CD's repo-server; functions/argocd has the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

import click

from maxtac_render.argocd import plugin
from maxtac_render.cli import exits, pages
from maxtac_render.frontends.maxtac import schema
from maxtac_render.manifests import write
from maxtac_render.model.errors import SinkFault
from maxtac_render.sinks import stdout

SECTION = "Cluster"

MANIFESTS: dict[str, Callable[[], Iterable[str]]] = {
    "crds": lambda: write.stream(schema.crds()),
    "argocd": lambda: (plugin.configmap(),),
}
"""What can be printed, and what makes its text."""


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac manifests crds | kubectl apply --server-side -f -",
        "maxtac manifests crds > crds.yaml",
        "maxtac manifests argocd | kubectl apply -n argocd -f -",
    ),
)
@click.argument("what", type=click.Choice(tuple(MANIFESTS)), metavar="crds|argocd")
def command(what: str) -> int:
    """Print manifests, and return the exit code."""
    if sys.stdout is None:
        raise SinkFault("standard output is closed")
    stdout.write(MANIFESTS[what](), sys.stdout.buffer)
    return exits.CLEAN
