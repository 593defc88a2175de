"""What configures a function: the document of ``maxtac.yaml``, or a ConfigMap."""

from __future__ import annotations

from typing import Any

import pytest

from maxtac_render.cli import functionconfig
from maxtac_render.manifests.resourcelist import parse
from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.objects import path_text

HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"
RENDER = "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: Render\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: function-input\n"
KUSTOMIZE = """\
metadata:
  name: maxtac
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: maxtac-render-krm
    config.kubernetes.io/local-config: 'true'
"""


def read(config: str) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The options that a configuration sets, and what is found in it."""
    inner = "".join(f"  {line}\n" for line in config.splitlines())
    report = Report()
    read = functionconfig.read(parse(f"{HEAD}functionConfig:\n{inner}".encode()), report)
    return dict(read.values), report.sorted()


@pytest.mark.parametrize(
    ("config", "values"),
    [
        ("", {}),
        (RENDER, {}),
        (RENDER + KUSTOMIZE, {}),
        (RENDER + "spec:\n  names: short\n  baseline: [dns]\n", {"names": "short", "baseline": ("dns",)}),
        (
            RENDER + "spec:\n  severity:\n    no-intents: off\n    missing-target: warning\n",
            {"severity": {Code.NO_INTENTS: Severity.OFF, Code.MISSING_TARGET: Severity.WARNING}},
        ),
        (CONFIG_MAP, {}),
        (CONFIG_MAP + "data: {}\n", {}),
        (CONFIG_MAP + "data:\n  names: short\n  set: a.b\n", {"names": "short", "set": "a.b"}),
        (
            CONFIG_MAP + "data:\n  mirrorNamespaces: a, b,,a\n  exclude: |\n    x/*.yaml\n    y\n",
            {"mirror_namespaces": ("a", "b"), "exclude": ("x/*.yaml", "y")},
        ),
        (
            CONFIG_MAP + "data:\n  severity: no-intents=off, missing-target=warning\n",
            {"severity": {Code.NO_INTENTS: Severity.OFF, Code.MISSING_TARGET: Severity.WARNING}},
        ),
        (CONFIG_MAP + "data:\n  mirrorNamespaces: ''\n", {"mirror_namespaces": ()}),
    ],
)
def test_options_are_read(config: str, values: dict[str, Any]) -> None:
    assert read(config) == (values, [])


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        ("text\n", "", "functionConfig must be a mapping"),
        ("[]\n", "", "functionConfig must be a mapping"),
        ("{}\n", "", "apiVersion must be render.maxtac.vtk.io/v1alpha1"),
        ("apiVersion: v1\nkind: Secret\n", "apiVersion", "apiVersion must be render.maxtac.vtk.io/v1alpha1"),
        (RENDER + "spec:\n  names: long\n", "spec.names", 'spec.names must be plain or short, not "long"'),
        (RENDER + "spec:\n  colour: red\n", "spec.colour", "unknown field colour"),
        (RENDER + "data:\n  names: short\n", "data", "unknown field data"),
        (RENDER + "spec:\n  severity:\n    x: off\n", "spec.severity.x", "unknown field x"),
        (RENDER + "spec:\n  set: a\n  set: b\n", "spec.set", "key set stands twice"),
        (CONFIG_MAP + "data:\n  names: short\n  names: plain\n", "data.names", "key names stands twice"),
        (CONFIG_MAP + "data:\n  names: long\n", "data.names", 'data.names must be plain or short, not "long"'),
        (CONFIG_MAP + "data:\n  nmaes: short\n", "data.nmaes", "unknown field nmaes"),
        (CONFIG_MAP + "data:\n  names: 5\n", "data.names", "data.names must be a string"),
        (CONFIG_MAP + "data: text\n", "data", "data must be a mapping"),
        (CONFIG_MAP + "data:\n  severity: no-intents\n", "data.severity[no-intents]", "must be off, info"),
        (CONFIG_MAP + "data:\n  severity: x=off\n", "data.severity.x", "unknown field x"),
        (CONFIG_MAP + "data:\n  baseline: dns,ntp\n", "data.baseline[1]", "data.baseline[1] must be dns"),
    ],
)
def test_what_is_wrong_is_reported(config: str, field: str, words: str) -> None:
    (found,) = read(config)[1]
    assert words in found.message
    assert path_text(found.field) == field


def test_without_one_there_are_no_options() -> None:
    report = Report()
    assert (functionconfig.read(parse(HEAD.encode()), report).values, report.sorted()) == ({}, [])
