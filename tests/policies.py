"""Policies as a compiler makes them and as a cluster stores them, for tests of what writes them."""

from __future__ import annotations

from maxtac_render.engine.plan import rendered
from maxtac_render.model.intent import Direction
from maxtac_render.model.ownership import MANAGER_LABELS, SERVICE, SOURCE, set_labels, writing_labels
from maxtac_render.model.policy import CIDRPeer, Policy, Rule
from maxtac_render.model.ports import ANY_PORT
from maxtac_render.model.selectors import Labels, Selector
from maxtac_render.model.stored import Stored

SET = "web"


def policy(name: str, app: str = "web", cidr: str = "", namespace: str = "shop", source: str = "web-in") -> Policy:
    """A policy as it is compiled: for the pods of an app, closed but for an address block."""
    rules = (Rule(Direction.INGRESS, (CIDRPeer(cidr),), ANY_PORT),) if cidr else ()
    labels = tuple(sorted((*MANAGER_LABELS, *set_labels(SET))))
    notes = ((SERVICE, f"{namespace}/{app}"), (SOURCE, f"Access/{namespace}/{source}"))
    return Policy(namespace, name, Selector((("app", app),)), Direction.INGRESS, rules, labels, notes, None)


def written(made: Policy, by: str = "apply", of: str = SET, labels: Labels = (), annotations: Labels = ()) -> Stored:
    """A policy that a writer of a set has written, with what others have put on it."""
    every = {**dict(made.labels), **dict(writing_labels(of, by)), **dict(labels)}
    return stored(made._replace(labels=tuple(sorted(every.items()))), annotations)


def stored(made: Policy, annotations: Labels = ()) -> Stored:
    """A policy as it is in a cluster."""
    notes = tuple(sorted((*made.annotations, *annotations)))
    return Stored(rendered(made._replace(annotations=notes)), f"uid-{made.namespace}-{made.name}", "1")


def bare(made: Policy, labels: Labels = (), annotations: Labels = ()) -> Stored:
    """A policy of somebody else's, with the same spec."""
    return Stored(rendered(made._replace(labels=labels, annotations=annotations)), f"uid-{made.name}", "1")
