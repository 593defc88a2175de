"""Print manifests for the cluster.

They are made to be piped into kubectl apply, or kept in a file. The same objects are a base of kustomize in deploy/.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click
from click.core import ParameterSource

from maxtac_render import bundle
from maxtac_render.argocd import plugin
from maxtac_render.bundle.choice import NAMESPACE, SET, Choice
from maxtac_render.cli import exits, pages
from maxtac_render.cli.parameters import Text
from maxtac_render.frontends.maxtac import schema
from maxtac_render.manifests import write
from maxtac_render.model.errors import SinkFault
from maxtac_render.model.names import lease_name
from maxtac_render.model.options import OPTIONS
from maxtac_render.sinks import stdout
from maxtac_render.sources import rights

SECTION = "Cluster"

BUNDLE = "What the bundle holds"

_KNOWN = {option.name: option for option in OPTIONS}


@click.group(
    cls=pages.Group,
    help=__doc__,
    no_args_is_help=False,
    epilog=pages.examples(
        "maxtac manifests controller | kubectl apply --server-side -f -     run maxtac watch in the cluster",
        "maxtac manifests reader | kubectl apply -f -                       the rights to read a cluster",
        "maxtac manifests crds > crds.yaml                                  the CRDs alone",
        "maxtac manifests argocd | kubectl apply -n argocd -f -             the plugin of Argo CD",
    ),
)
def command() -> None:
    """Print manifests."""


@command.command(
    "crds", cls=pages.Command, epilog=pages.examples("maxtac manifests crds | kubectl apply --server-side -f -")
)
def crds() -> int:
    """Print the CustomResourceDefinitions of the four MaxTac kinds.

    Their validation refuses what maxtac check calls an error. They take the place of those that come with the MaxTac
    controller, and need Kubernetes 1.25 or newer.
    """
    return _print(write.stream(schema.crds()))


@command.command(
    "argocd", cls=pages.Command, epilog=pages.examples("maxtac manifests argocd | kubectl apply -n argocd -f -")
)
def argocd() -> int:
    """Print the ConfigMap with plugin.yaml, for the sidecar of Argo CD's repo-server.

    functions/argocd has the rest.
    """
    return _print((plugin.configmap(),))


@command.command(
    "reader",
    cls=pages.Command,
    epilog=pages.examples(
        "maxtac manifests reader | kubectl apply -f -",
        "kubectl create clusterrolebinding maxtac-render-reader --clusterrole=maxtac-render-reader --user=jane",
        "maxtac manifests reader -n shop > reader.yaml    of one namespace, for maxtac list live: -n shop",
    ),
)
@click.option("--namespace", "-n", type=Text(_KNOWN["namespace"]), cls=pages.Option, help="Only this namespace.")
def reader(namespace: str | None) -> int:
    """Print the roles that it takes to read a cluster as a SOURCE.

    To get and list policies, MaxTac's resources, Services, namespaces, pods and what makes pods, for whoever they are
    bound to. maxtac render reads no more than Services and MaxTac's resources. Of one namespace (-n) it takes a Role in
    there, and a ClusterRole for the MaxTac resources that are in none.
    """
    return _print(write.stream(rights.roles(namespace or "")))


@command.command(
    "controller",
    cls=pages.Command,
    epilog=pages.examples(
        "maxtac manifests controller --image registry.example/maxtac-render:1 | kubectl apply --server-side -f -",
        "maxtac manifests controller --set prod --admission-policy --service-monitor > controller.yaml",
        "maxtac manifests controller -- --shadow                        watch, and write nothing",
        "maxtac manifests controller -- --baseline=dns --names=short    more options of maxtac watch",
    ),
)
@click.option(
    "--namespace",
    "-n",
    type=Text(_KNOWN["namespace"]),
    default=NAMESPACE,
    show_default=True,
    callback=lambda _, __, value: _own(value),
    cls=pages.Option,
    section=BUNDLE,
    help="Namespace in which it runs, and nothing else: it is restricted to hardened pods.",
)
@click.option(
    "--image",
    default=Choice().image,
    show_default=True,
    metavar="IMAGE",
    callback=lambda _, __, value: _image(value),
    cls=pages.Option,
    section=BUNDLE,
    help="Image, built from the project's Dockerfile.",
)
@click.option(
    "--set",
    type=Text(_KNOWN["set"]),
    default=SET,
    show_default=True,
    cls=pages.Option,
    section=BUNDLE,
    help="Name of the set that it keeps; two controllers in one cluster have two.",
)
@click.option(
    "--replicas",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    cls=pages.Option,
    section=BUNDLE,
    help="Pods, of which one works at a time.",
)
@click.option(
    "--service-monitor",
    is_flag=True,
    cls=pages.Option,
    section=BUNDLE,
    help="With a ServiceMonitor, for the Prometheus operator.",
)
@click.option(
    "--admission-policy",
    is_flag=True,
    cls=pages.Option,
    section=BUNDLE,
    help="With a ValidatingAdmissionPolicy, so that nobody else writes its policies (Kubernetes 1.30 or newer).",
)
@click.argument("arguments", nargs=-1, metavar="[-- WATCH-OPTION...]")
def controller(**given: Any) -> int:
    """Print all that it takes to run maxtac watch in a cluster.

    A namespace that is restricted to hardened pods, the CRDs, an account with the least rights, a Deployment that is
    its own leader's stand-in, a Service for its metrics, and a NetworkPolicy that lets namespaces with the label
    metrics: enabled read them. Names and namespace are those of MaxTac's own bundle, and take its place: take over its
    policies first, with maxtac adopt.
    """
    told = _told(given["arguments"])
    facts = {"watched": told["namespace"] or "", "deletes": told["expired"] == "delete"}
    choice = Choice(**given, lease=lease_name(given["set"]), **facts)
    return _print(write.stream(bundle.objects(choice)))


def _own(namespace: str) -> str:
    """A namespace that the bundle may restrict."""
    if namespace == "default" or namespace.startswith("kube-"):
        raise click.BadParameter(f"{namespace} is Kubernetes' own, and the bundle would restrict what runs in it")
    return namespace


def _image(text: str) -> str:
    """The name of an image."""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise click.BadParameter(f"{text!r} is not the name of an image")
    return text


_OWN = {
    "set": "--set",
    "kubeconfig": "--kubeconfig",
    "context": "--context",
    "leader_election": "--leader-election",
    "lease_namespace": "--lease-namespace",
    "lease_name": "--lease-name",
    "health_address": "--health-address",
    "metrics_address": "--metrics-address",
}
"""The options of maxtac watch that the bundle depends on."""


def _told(arguments: tuple[str, ...]) -> Mapping[str, Any]:
    """What arguments tell maxtac watch, which must know them."""
    from maxtac_render.cli import watch  # noqa: PLC0415 - whoever prints something else does not pay

    here = click.get_current_context()
    with watch.command.make_context("maxtac watch", list(arguments)) as told:
        for name, flag in _OWN.items():
            if told.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                own = "; write it before --" if name == "set" else ""
                raise click.UsageError(f"{flag} is for the bundle to say{own}", here)
        return told.params


def _print(texts: Iterable[str]) -> int:
    if sys.stdout is None:
        raise SinkFault("standard output is closed")
    stdout.write(texts, sys.stdout.buffer)
    return exits.CLEAN
