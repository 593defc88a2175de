"""What must hold for every input: order does not matter, and failing never opens anything."""

from __future__ import annotations

import copy
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import clusters
from clusters import pod_body, policies
from evaluator import Connection, Endpoint, Pod, allowed
from judge import assembled, passing, positions, verdicts
from maxtac_render.compiler import bodies, compile_intents, yaml_documents
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Code, Report, Severity
from maxtac_render.model.names import is_label_value, is_object_name
from maxtac_render.model.options import Options
from maxtac_render.reports.text import render as render_text
from worlds import CONNECTIONS, NAMES, NAMESPACES, OUTSIDE, Body, annotated_worlds, resources, worlds

TESTDATA = Path(__file__).parents[1] / "testdata"

NOW = datetime(2027, 1, 1, tzinfo=UTC)
TOLERANT = dict.fromkeys(Code, Severity.WARNING)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def render(world: list[Body], **options: Any) -> list[dict[str, Any]]:
    """The policies of a world, everything tolerated."""
    report = Report(TOLERANT)
    output = compile_intents(resources(world), Options(now=NOW, **options), report)
    documents = [yaml.safe_load(text) for text in yaml_documents(output.policies)]
    assert documents == list(bodies(output.policies)), "text and body are one policy"
    return documents


PODS = dict.fromkeys(end for connection in CONNECTIONS for end in connection[:2] if isinstance(end, Pod))
PLACES: dict[Endpoint, tuple[str, str]] = {pod: (pod.namespace, f"pod{number}") for number, pod in enumerate(PODS)}
BESIDE = [
    *(clusters.body("Namespace", ("", name)) for name in (*NAMESPACES, "mail")),
    *(pod_body(place, pod) for pod, place in zip(PODS, PLACES.values(), strict=True)),
]


def reach(world: list[Body], others: Sequence[Body] = (), **options: Any) -> set[Connection]:
    """The connections that the policies of a world and others allow, as two judges find."""
    found = allowed([*render(world, **options), *others], CONNECTIONS)
    manifests = [*world, *BESIDE, *others]
    judged = verdicts(assembled(manifests, Options(now=NOW, **options), Report(TOLERANT)))
    ends = positions(judged.universe, PLACES, OUTSIDE)
    assert passing(judged.certain, ends, CONNECTIONS) == passing(judged.possible, ends, CONNECTIONS) == found
    return found


@SLOW
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_never_changes_the_output(world: list[Body], random: Any) -> None:
    """A shuffled world renders to the same bytes."""
    shuffled = world[:]
    random.shuffle(shuffled)
    first, second = (compile_intents(resources(one), Options(), Report(TOLERANT)) for one in (world, shuffled))
    assert list(yaml_documents(first.policies)) == list(yaml_documents(second.policies))


@SLOW
@given(worlds(), st.randoms(use_true_random=False))
def test_the_files_that_the_input_lies_in_never_change_the_output(world: list[Body], random: Any) -> None:
    """One stream, a List, or a file for each object: the same bytes."""
    texts = [json.dumps(body) for body in world]
    shuffled = random.sample(texts, len(texts))
    layouts = [
        ["\n---\n".join(texts)],
        [json.dumps({"apiVersion": "v1", "kind": "List", "items": world})],
        shuffled,
        [yaml.safe_dump_all(map(json.loads, shuffled))],
    ]
    outputs = []
    for files in layouts:
        report = Report(TOLERANT)
        read_all = [found for number, text in enumerate(files) for found in read(text.encode(), f"{number}", report)]
        outputs.append(list(yaml_documents(compile_intents(read_all, Options(now=NOW), report).policies)))
    assert outputs == [outputs[0]] * len(layouts)


MANIFESTS = b"---\n".join(path.read_bytes() for path in sorted(TESTDATA.glob("walkthrough/*.yaml")))
NASTY = [
    b":",
    b"-",
    b"  ",
    b"\n",
    b"'",
    b'"',
    b"{",
    b"]",
    b"&a",
    b"*a",
    b"!!int",
    b"<<",
    b"#",
    b"%",
    b"\x00",
    b"\xff",
    b"\xe2",
]


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(MANIFESTS)), st.integers(0, 9), st.sampled_from(NASTY)), max_size=6))
def test_mutated_manifests_never_give_a_traceback(edits: list[tuple[int, int, bytes]]) -> None:
    """Whatever is cut out of manifests and put into them, it ends in policies and findings that can be shown."""
    text = MANIFESTS
    for position, length, put in edits:
        text = text[:position] + put + text[position + length :]
    report = Report(TOLERANT)
    output = compile_intents(read(text, "mutant.yaml", report), Options(now=NOW), report)
    documents = [yaml.safe_load(document) for document in yaml_documents(output.policies)]
    assert documents == list(bodies(output.policies))
    "".join(render_text(report.sorted(), colour=False)).encode()


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_random_bytes_never_give_a_traceback(data: bytes, named: bool) -> None:
    """Noise is a finding at most."""
    report = Report(TOLERANT)
    compile_intents(read(data, "noise", report, named=named), Options(now=NOW), report)
    "".join(render_text(report.sorted(), colour=False)).encode()


GARBAGE = st.sampled_from(("", "ingres", 7, True, ["x"], {"a": 1}, "Über", "a b", "\x00", "-" * 70, "no.such.thing"))


def _garble_target(spec: Body, garbage: Any, data: st.DataObject) -> None:
    """Spoil one target, one half of one, or all of them; the mirror of a target nobody knows cannot be emitted."""
    spec.pop("mirrored", None)
    key = "targets" if "targets" in spec else "targetCIDRs"
    number = data.draw(st.integers(-1, len(spec[key]) - 1))
    if number < 0:
        spec[key] = "x" if garbage in ("", ["x"]) else garbage
    elif key == "targets" and data.draw(st.booleans()):
        spec[key][number][data.draw(st.sampled_from(("serviceName", "namespace")))] = garbage
    else:
        spec[key][number] = garbage


@SLOW
@given(worlds(), policies(most=2), GARBAGE, st.data())
def test_garbling_a_value_never_opens_anything(
    world: list[Body], others: list[Body], garbage: Any, data: st.DataObject
) -> None:
    """Whatever becomes of a direction, a target, a duration, a port or mirrored: less is allowed, or the same."""
    broken = copy.deepcopy(world)
    number = data.draw(st.sampled_from([number for number, body in enumerate(world) if body["kind"] != "Service"]))
    spec = broken[number]["spec"]
    field = data.draw(st.sampled_from(("direction", "target", "duration", "mirrored", "port")))
    if field == "target":
        world[number]["spec"].pop("mirrored", None)
        _garble_target(spec, garbage, data)
    elif field == "port":
        service = data.draw(st.sampled_from([body for body in broken if body["kind"] == "Service"]))
        service["spec"]["ports"][0][data.draw(st.sampled_from(("targetPort", "protocol")))] = garbage or "!"
    else:
        spec[field] = garbage or "!"
    assert reach(broken, others) <= reach(world, others)


@SLOW
@given(annotated_worlds(), policies(most=2), GARBAGE, st.data())
def test_garbling_an_annotation_never_opens_anything(
    world: list[Body], others: list[Body], garbage: Any, data: st.DataObject
) -> None:
    """What a Service or a resource has in an annotation that cannot be read closes, as it does in a spec.

    An empty text says "nothing", and the mirror of a target that nobody can name cannot be.
    """
    for body in world:
        body["spec"].pop("mirrored", None)
    broken = copy.deepcopy(world)
    noted = [body for body in broken if body["metadata"].get("annotations")]
    if noted:
        notes = data.draw(st.sampled_from(noted))["metadata"]["annotations"]
        notes[data.draw(st.sampled_from(sorted(notes)))] = "!" if garbage in ("", 7) else garbage
    assert reach(broken, others) <= reach(world, others)


@SLOW
@given(annotated_worlds(), policies(most=2), st.data())
def test_passing_a_deadline_never_opens_anything(world: list[Body], others: list[Body], data: st.DataObject) -> None:
    """Expired access loses its rules and keeps its isolation."""
    ended, unended = copy.deepcopy(world), copy.deepcopy(world)
    number = data.draw(st.sampled_from([number for number, body in enumerate(world) if body["kind"] != "Service"]))
    for one, end in ((world, None), (ended, "2026-12-31T23:59:59Z"), (unended, "2027-01-01T00:00:01Z")):
        one[number]["metadata"]["annotations"].pop("maxtac.vtk.io/expires-at", None)
        if end is not None:
            one[number]["metadata"]["annotations"]["maxtac.vtk.io/expires-at"] = end
    assert reach(ended, others) <= reach(unended, others) == reach(world, others)


@SLOW
@given(annotated_worlds(), policies(most=2), st.data())
def test_a_missing_target_never_opens_anything(world: list[Body], others: list[Body], data: st.DataObject) -> None:
    """Without the Service of a target its rule goes; the subjects stay isolated."""
    for body in world:
        body["spec"].pop("mirrored", None)
    removed = data.draw(st.sampled_from([body for body in world if body["kind"] == "Service"]))
    rest = [body for body in world if body is not removed]
    selected = {policy["metadata"]["annotations"]["render.maxtac.vtk.io/service"] for policy in render(world)}
    if f"{removed['metadata']['namespace']}/{removed['metadata']['name']}" not in selected:
        assert reach(rest, others) <= reach(world, others)


@SLOW
@given(worlds(), policies(most=2))
def test_narrowing_annotations_never_open_anything(world: list[Body], others: list[Body]) -> None:
    """With annotations: narrow, whoever edits a Service can only take away."""
    for body in world:
        if body["kind"] == "Service":
            body["metadata"]["annotations"] = {
                "maxtac.vtk.io.access/targets": "db,shop;nobody,knows",
                "maxtac.vtk.io.clusteraccess/direction": "ingress",
                "maxtac.vtk.io.externalaccess/targets": "192.0.2.0-24,203.0.113.0-24",
                "maxtac.vtk.io.clusterexternalaccess/targets": "",
            }
    plain = [{**body, "metadata": {**body["metadata"], "annotations": {}}} for body in world]
    assert reach(world, others, annotations="ignore") == reach(plain, others)
    assert reach(world, others, annotations="narrow") <= reach(plain, others)


HOSTILE = st.text(st.sampled_from("ab-.x"), min_size=1, max_size=6).filter(is_object_name)
LONG = st.builds(lambda char, length: char * length, st.sampled_from("abc"), st.integers(40, 63))


@SLOW
@given(
    st.lists(st.tuples(st.one_of(HOSTILE, LONG), st.sampled_from(NAMESPACES)), min_size=1, max_size=6, unique=True),
    st.sampled_from(("plain", "short")),
    st.sampled_from(("readme", "controller")),
)
def test_names_never_collide(places: list[tuple[str, str]], names: Any, compat: Any) -> None:
    """Whatever things are called, every policy has a valid name of its own, within the limit."""
    world = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name.replace(".", "-"), "namespace": namespace},
            "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]},
        }
        for name, namespace in places
    ]
    targets = [{"serviceName": name.replace(".", "-"), "namespace": namespace} for name, namespace in places]
    for (name, namespace), kind in itertools.product(places, ("Access", "ClusterAccess")):
        metadata = {"name": name, "namespace": namespace} if kind == "Access" else {"name": f"{name}{namespace}"}
        spec = {"serviceSelector": {}, "targets": targets, "direction": "all"}
        world.append({"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
    policies = render(world, names=names, compat=compat)
    found = [(policy["metadata"]["namespace"], policy["metadata"]["name"]) for policy in policies]
    assert len(set(found)) == len(found)
    limit = 63 if names == "short" else 253
    assert all(is_object_name(name) and len(name) <= limit for _, name in found)
    assert all(is_label_value(value) for policy in policies for value in policy["metadata"]["labels"].values())


def test_the_worlds_are_worth_trying() -> None:
    """The connections hold all names, so that the properties are about something."""
    pods = {end for connection in CONNECTIONS for end in connection[:2] if isinstance(end, Pod)}
    assert len(pods) == len(NAMES) * len(NAMESPACES) * 2


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_the_hash_seed_never_changes_what_is_printed(seed: str) -> None:
    """Policies and findings come in one order, whatever order Python's sets have."""
    sources = [TESTDATA / "walkthrough", TESTDATA / "cases" / "names-that-meet-get-a-hash" / "input"]
    command = [sys.executable, "-m", "maxtac_render", "render", *sources]
    runs = [
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": number})
        for number in ("7", seed)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stderr == runs[1].stderr
    assert runs[0].stdout
