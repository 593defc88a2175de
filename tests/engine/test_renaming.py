"""Targets follow their Services when a build renames them, as far as it is certain which one is meant."""

from __future__ import annotations

import pytest

from maxtac_render.engine.renaming import rename
from maxtac_render.model.intent import CIDRTarget, Direction, Intent, ServiceTarget, Wanted
from maxtac_render.model.objects import History, ObjectRef, Origin, Resource, Service
from maxtac_render.model.orchestration import history, is_bookkeeping
from maxtac_render.model.snapshot import Snapshot

NONE = History()
INTERNAL = "internal.config.kubernetes.io/"


def service(namespace: str, name: str, past: History = NONE) -> Service:
    """A Service with a past."""
    ref = ObjectRef("v1", "Service", namespace, name)
    return Service(ref, {}, {}, (("app", name),), (), rewrites_client=False, origin=Origin("x"), history=past)


def resource(namespace: str, past: History = NONE) -> Resource:
    """A resource that names targets."""
    return Resource(ObjectRef("maxtac.vtk.io/v1alpha1", "Access", namespace, "a"), {}, Origin("x"), past)


def renamed(services: list[Service], about: Resource, *targets: tuple[str, str]) -> list[str]:
    """The targets of an intent after the pass."""
    wanted = tuple(Wanted(ServiceTarget(*target), about, ()) for target in targets)
    subject = service("shop", "subject")
    intent = Intent(
        about.ref, subject, wanted, Direction.ALL, Direction.ALL, Origin("x"), closed=frozenset({wanted[0].target})
    )
    (found,) = rename([intent], Snapshot([*services, subject], []))
    assert {str(target) for target in found.closed} <= {str(each.target) for each in found.targets}
    return [str(each.target) for each in found.targets]


WEB = History((("shop", "web"), ("default", "web")), ("a-", ""))


@pytest.mark.parametrize(("target"), [("shop", "web"), ("default", "web"), ("ns", "a-web")])
def test_any_name_that_a_service_had_means_it(target: tuple[str, str]) -> None:
    assert renamed([service("ns", "a-web", WEB)], resource("ns"), target) == ["ns/a-web"]


@pytest.mark.parametrize("target", [("shop", "wbe"), ("ns", "web"), ("shop", "a-web")])
def test_other_names_mean_nothing(target: tuple[str, str]) -> None:
    assert renamed([service("ns", "a-web", WEB)], resource("ns"), target) == ["/".join(target)]


def test_who_has_the_name_now_is_meant() -> None:
    services = [service("ns", "a-web", WEB), service("shop", "web")]
    assert renamed(services, resource("ns"), ("shop", "web")) == ["shop/web"]


def test_two_targets_that_became_one_are_one() -> None:
    assert renamed([service("ns", "a-web", WEB)], resource("ns"), ("shop", "web"), ("ns", "a-web")) == ["ns/a-web"]


def test_of_several_the_one_that_was_renamed_alike_is_meant() -> None:
    """A base that two overlays use: each one's targets are its own Services."""
    services = [service("ns", "a-web", WEB), service("ns", "b-web", WEB._replace(affixes=("b-", "")))]
    assert renamed(services, resource("ns", History((), ("b-", ""))), ("shop", "web")) == ["ns/b-web"]


def test_of_several_the_one_in_the_same_namespace_is_meant() -> None:
    services = [service("one", "web", WEB), service("two", "web", WEB)]
    assert renamed(services, resource("two", History((), ("a-", ""))), ("shop", "web")) == ["two/web"]


def test_what_is_not_certain_stays() -> None:
    services = [service("one", "web", WEB), service("two", "web", WEB)]
    for about in (resource("three", WEB), resource("one"), resource("", WEB)):
        assert renamed(services, about, ("shop", "web")) == ["shop/web"]


def test_addresses_have_no_name() -> None:
    about = resource("ns")
    wanted = (Wanted(CIDRTarget("10.0.0.0/8", "10.0.0.0/8"), about, ()),)
    subject = service("shop", "subject", WEB)
    intent = Intent(about.ref, subject, wanted, Direction.ALL, Direction.ALL, Origin("x"))
    assert list(rename([intent], Snapshot([subject], []))) == [intent]


def test_without_a_past_nothing_is_looked_at() -> None:
    assert renamed([service("shop", "web")], resource("ns"), ("shop", "x")) == ["shop/x"]


def test_intents_that_share_targets_still_do() -> None:
    about, subject = resource("ns"), service("shop", "subject")
    wanted = (Wanted(ServiceTarget("shop", "web"), about, ()),)
    intent = Intent(about.ref, subject, wanted, Direction.ALL, Direction.ALL, Origin("x"))
    first, second = rename([intent, intent], Snapshot([service("ns", "a-web", WEB)], []))
    assert first.targets is second.targets


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, History()),
        (
            {"previousNames": "web,web,b-web", "previousNamespaces": "default,inner,inner"},
            History((("default", "web"), ("inner", "web"), ("inner", "b-web"))),
        ),
        (
            {"previousNames": "web,web", "previousNamespaces": "x", "prefixes": "b-,o-", "suffixes": "-z"},
            History((("x", "web"),), ("b-,o-", "-z")),
        ),
        ({"previousNames": "web"}, History()),
        ({"previousNames": 5, "previousNamespaces": ["x"], "prefixes": None}, History()),
    ],
)
def test_the_past_is_read_from_annotations(annotations: dict[str, object], expected: History) -> None:
    assert history({INTERNAL + key: value for key, value in annotations.items()}) == expected


@pytest.mark.parametrize(
    ("key", "books"),
    [
        ("internal.config.kubernetes.io/anything", True),
        ("config.kubernetes.io/path", True),
        ("config.k8s.io/id", True),
        ("kustomize.config.k8s.io/id", True),
        ("config.kubernetes.io/origin", True),
        ("config.kubernetes.io/local-config", False),
        ("kustomize.config.k8s.io/needs-hash", False),
        ("render.maxtac.vtk.io/peer", False),
    ],
)
def test_only_bookkeeping_is_kept(key: str, books: bool) -> None:
    """What would take a policy away is none."""
    assert is_bookkeeping(key) == books
