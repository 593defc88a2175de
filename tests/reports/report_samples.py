"""What the tests of reports have in common: findings to write, the fixed list of the golden files, foreign readers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

import pytest
from hypothesis import strategies as st

from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.diagnostics import Diagnostic, Spot
from maxtac_render.model.objects import FieldPath, ObjectRef, Origin, Place, nowhere
from maxtac_render.reports import Run, load

ACCESS = ObjectRef("maxtac.vtk.io/v1alpha1", "Access", "shop", "web-in")
CLUSTER = ObjectRef("maxtac.vtk.io/v1alpha1", "ClusterExternalAccess", "", "world")
SERVICE = ObjectRef("v1", "Service", "shop", "web")
LONG = ObjectRef("maxtac.vtk.io/v1alpha1", "Access", "n" * 300, "a" * 300)
HOSTILE = (
    "\"quotes' and\nnew\r\nlines, 100%0A ::error file=x::gone ]]> | <script>alert(1)</script> `code` ``` **bold** "
    "[link](https://evil.example) ![image](//evil.example/x.png) @user #1 !2 &amp; \U0001f4a5 "
    "\u202egnp\u2066 \x1b[2J \0 www.evil.example \\| $x$ ${{ secrets.X }} {0} -- --> \ud800"
)


def finding(
    code: Code = Code.MISSING_TARGET,
    ref: ObjectRef | None = ACCESS,
    *,
    path: str = "deploy/access.yaml",
    place: Place | None = None,
    severity: Severity | None = None,
    message: str = "target shop/payments not found; rule left out",
    mend: str = "add the Service to the sources",
    field: FieldPath = ("spec", "targets", 0, "serviceName"),
    document: int = 0,
    line: int = 1,
) -> Diagnostic:
    """A finding; without a severity it has the catalogue's."""
    origin = Origin(path, document, line, (lambda _path: place) if place else nowhere)
    chosen = code.value.severity if severity is None else severity
    return Diagnostic(code, chosen, message, mend, ref, field, origin)


def at(line: int, column: int = 1, end_column: int = 1) -> Place:
    """A place whose source line says something that no report may show."""
    return Place(line, column, end_column, "hidden-value", "the line: hidden-value")


FOUND: Sequence[Diagnostic] = (
    finding(place=at(14, 20, 28)),
    finding(place=at(15, 20, 28), field=("spec", "targets", 1, "serviceName"), mend=""),
    finding(place=at(15, 20, 28), field=("spec", "targets", 1, "serviceName"), message="the same again"),
    finding(Code.DIRECTION_CASE, place=at(5, 14, 21), field=("spec", "direction"), message="direction Ingress is read"),
    finding(
        Code.BARE_IP, CLUSTER, path="./deploy/outside/world.yaml", place=at(9, 7), message="10.0.0.1 has no prefix"
    ),
    finding(
        Code.LONG_NAME, LONG, document=2, line=40, field=(), message="3 of its policy names are over 63 characters"
    ),
    finding(
        Code.UNKNOWN_ANNOTATION,
        SERVICE,
        path="deploy/services, all: 100%/web #1.yaml",
        place=at(7, 5, 40),
        field=("metadata", "annotations", "maxtac.vtk.io/acces"),
        message="nothing reads annotation maxtac.vtk.io/acces",
    ),
    finding(Code.BROKEN_YAML, None, path="deploy/broken.yaml", place=at(3, 4, 4), field=(), message="not readable"),
    finding(Code.BROKEN_YAML, None, path="<stdin>", line=12, field=(), message="not readable"),
    finding(Code.MISSING_NAMESPACE, ACCESS._replace(namespace=""), path="../elsewhere/x.yaml", field=(), line=3),
    finding(Code.NO_SERVICE, ACCESS, path="git:HEAD@{12:00}:deploy/old.yaml", field=("spec", "serviceSelector")),
    finding(Code.NO_POLICIES, None, path="", field=(), message="yield no policy", mend="the other findings say why"),
    finding(
        Code.MALFORMED_TARGET,
        ObjectRef("v1", HOSTILE, HOSTILE, HOSTILE),
        path=f"deploy/{HOSTILE}",
        place=at(1, 2, 400),
        field=("metadata", HOSTILE, 3),
        message=HOSTILE,
        mend=HOSTILE,
    ),
)

RUN = Run(
    version="1.2.3",
    outcome="nothing rendered",
    checked=(
        Spot(Origin("deploy/access.yaml"), ACCESS),
        Spot(Origin("deploy/access.yaml", 1, 20), ACCESS),
        Spot(Origin("./deploy/outside/world.yaml"), CLUSTER),
        Spot(Origin("../elsewhere/x.yaml", 0, 3), ACCESS._replace(namespace="default")),
        Spot(Origin("deploy/fine.yaml"), ACCESS._replace(name="fine")),
    ),
    root="/srv",
    directory="/srv/apps",
    whole="deploy",
)


def rendered(name: str, found: Sequence[Diagnostic], run: Run = RUN) -> str:
    """The text of a report, which any pipe must be able to take."""
    text = "".join(load(name)(found, run))
    text.encode()
    return text


def foreign(name: str) -> ModuleType:
    """A reader or validator that is not ours; where it is not installed the test is skipped, in CI it fails."""
    if os.environ.get("CI"):
        return import_module(name)
    module: ModuleType = pytest.importorskip(name, reason=f"needs {name}, which the test dependencies bring")
    return module


ANYTHING = st.text(st.characters(), max_size=60) | st.text(st.sampled_from("\n\r\t |`<>&'\"]:%,@#*_[]()\\!~$-\u202e"))
"""Any text: control characters, surrogates and noncharacters too, and much of what formats give a meaning."""


@st.composite
def findings(draw: st.DrawFn) -> Diagnostic:
    """A finding that says anything about anything."""
    ref = draw(st.none() | st.builds(ObjectRef, ANYTHING, ANYTHING, ANYTHING, ANYTHING))
    place = draw(st.none() | st.builds(at, st.integers(1, 9), st.integers(1, 9), st.integers(1, 20)))
    return finding(
        draw(st.sampled_from(list(Code))),
        ref,
        path=draw(st.sampled_from(["", "a.yaml", "<stdin>"]) | ANYTHING),
        place=place,
        severity=draw(st.sampled_from([Severity.INFO, Severity.WARNING, Severity.ERROR])),
        message=draw(ANYTHING),
        mend=draw(ANYTHING),
        field=draw(st.lists(ANYTHING | st.integers(0, 9), max_size=3).map(tuple)),
        document=draw(st.integers(0, 2)),
    )
