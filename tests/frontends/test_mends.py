"""Every mend by table: the file before and after, to the byte; and what has no mend stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from maxtac_render.compiler import compile_intents
from maxtac_render.frontends.maxtac.mends import mends
from maxtac_render.manifests.edit import apply_each, edit_at
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.options import Options

NOW = datetime(2027, 1, 1, 12, 30, 15, 250, tzinfo=UTC)
ROUNDS = 10


class Fixed(NamedTuple):
    """A file after mending, why some mends were refused, and what is still found in it."""

    data: bytes
    refused: dict[str, str]
    found: list[Diagnostic]

    @property
    def ids(self) -> set[str]:
        """What is still found, by the words users know."""
        return {diagnostic.code.id for diagnostic in self.found}


def find(data: bytes) -> list[Diagnostic]:
    """What is found in one file."""
    report = Report()
    compile_intents(read(data, "f.yaml", report, named=True, thorough=True), Options(), report)
    return report.sorted()


def fix(data: bytes, *, unsafe: bool = False) -> Fixed:
    """Mend a file until nothing changes any more, as a caller does."""
    for _ in range(ROUNDS):
        wanted = [mend for mend in mends(find(data), NOW) if mend.safe or unsafe]
        groups = [[edit_at(mend.diagnostic.origin, *change) for change in mend.changes] for mend in wanted]
        applied = apply_each(data, groups)
        if applied.data == data:
            refused = {wanted[number].diagnostic.code.id: reason for number, reason in applied.refused.items()}
            return Fixed(data, refused, find(data))
        data = applied.data
    raise AssertionError("it never ends")


WEB = """\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  labels: {app: web}
  annotations:
    maxtac.vtk.io.access/direction: all  # a
    # b
%s
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: bank}
spec:
  selector: {app: db}
  ports: [{port: 5432}]
"""
ACCESS = """\
# the head
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata:
  name: a   # its name
  namespace: shop
spec:
  serviceSelector: {matchLabels: {app: web}}
  direction: all
  targets:
  - serviceName: db
    namespace: bank
"""
EXTERNAL = ACCESS.replace("Access", "ExternalAccess").replace(
    "  targets:\n  - serviceName: db\n    namespace: bank\n", "  targetCIDRs:\n  - 192.0.2.0/24\n"
)


def together(cr: str, annotation: str = "    x: z") -> str:
    """A file with a resource and both Services."""
    return f"{cr}---\n{WEB % annotation}"


Row = tuple[str, str, list[tuple[str, str]]]
SAFE: list[Row] = [
    (
        "unquoted-value",
        together(ACCESS.replace("{app: web}", "{app: web, expose: yes}")),
        [("expose: yes", 'expose: "yes"')],
    ),
    (
        "unquoted-value",
        together(ACCESS, "    n: 0x1F  # hex\n    o:   1_000\n    p: off"),
        [("0x1F", '"0x1F"'), ("1_000", '"1_000"'), ("off", '"off"')],
    ),
    ("direction-case", together(ACCESS.replace("all", "Ingress")), [("Ingress", "ingress")]),
    ("direction-case", together(ACCESS.replace("all", "'ALL' #x")), [("'ALL'", "'all'")]),
    ("direction-case", together(ACCESS.replace("all", '"Egress"')), [('"Egress"', '"egress"')]),
    ("direction-case", together(ACCESS).replace("direction: all  # a", "direction: ALL  # a"), [("ALL", "all")]),
    (
        "swapped-pair",
        together(ACCESS, "    maxtac.vtk.io.access/targets: web,shop; bank,db ;  # c"),
        [("bank,db", "db,bank")],
    ),
    (
        "swapped-pair",
        together(ACCESS, "    maxtac.vtk.io.access/targets: >-\n      web,shop;\n      bank , db"),
        [("bank , db", "db,bank")],
    ),
    ("bare-ip", together(EXTERNAL.replace("192.0.2.0/24", "192.0.2.7  # one")), [("192.0.2.7", "192.0.2.7/32")]),
    ("bare-ip", together(EXTERNAL.replace("192.0.2.0/24", "2001:db8::1")), [("2001:db8::1", "2001:db8::1/128")]),
    (
        "bare-ip",
        together(EXTERNAL, "    maxtac.vtk.io.externalaccess/targets: 192.0.2.7"),
        [("targets: 192.0.2.7", "targets: 192.0.2.7-32")],
    ),
    (
        "bare-ip",
        together(EXTERNAL, "    maxtac.vtk.io.externalaccess/targets: '192.0.2.7,10.0.0.0/8, 2001:db8::1 '"),
        [("192.0.2.7,", "192.0.2.7/32,"), ("::1 ", "::1/128 ")],
    ),
    ("host-bits", together(EXTERNAL.replace("192.0.2.0", "192.0.2.1")), [("192.0.2.1", "192.0.2.0")]),
    (
        "host-bits",
        together(EXTERNAL, '    maxtac.vtk.io.externalaccess/targets: "192.0.2.7-24, 10.0.0.1/8"'),
        [("192.0.2.7-24", "192.0.2.0-24"), ("10.0.0.1/8", "10.0.0.0/8")],
    ),
    (
        "wrong-annotation",
        together(ACCESS, "    maxtac.vtk.io.access/targets: 10.0.0.0-8, 192.0.2.0-24"),
        [("maxtac.vtk.io.access/targets", "maxtac.vtk.io.externalaccess/targets")],
    ),
    (
        "wrong-annotation",
        together(EXTERNAL, "    'maxtac.vtk.io.externalaccess/targets': db,bank;web,shop  # c"),
        [("'maxtac.vtk.io.externalaccess/targets'", "'maxtac.vtk.io.access/targets'")],
    ),
    (
        "unanchored-duration",
        together(ACCESS + "  duration: 36h\n"),
        [
            (
                "shop\nspec:\n  serviceSelector",
                'shop\n  annotations:\n    maxtac.vtk.io/expires-at: "2027-01-03T00:30:15Z"\nspec:\n  serviceSelector',
            )
        ],
    ),
    (
        "unanchored-duration",
        together((ACCESS + "  duration: 7d\n").replace("metadata:\n", "metadata:\n  annotations: {a: b}\n")),
        [("{a: b}", '{a: b, maxtac.vtk.io/expires-at: "2027-01-08T12:30:15Z"}')],
    ),
]
UNSAFE: list[Row] = [
    (
        "meant-cluster-access",
        together(ACCESS.replace("  namespace: shop\n", "") + "  mirrored: true\n"),
        [("kind: Access", "kind: ClusterAccess")],
    ),
    (
        "unknown-field",
        together(ACCESS.replace("\nspec:\n", "\nspec:\n  'durration': 1h # c\n")),
        [
            ("'durration'", "'duration'"),
            ("shop\nspec:", 'shop\n  annotations:\n    maxtac.vtk.io/expires-at: "2027-01-01T13:30:15Z"\nspec:'),
        ],
    ),
    (
        "unknown-field",
        together(ACCESS.replace("  targets:", "  mirored: false # c\n  targets:")),
        [("  mirored: false # c", "  # c")],
    ),
    (
        "unknown-annotation",
        together(ACCESS, "    maxtac.vtk.io.access/target: db,bank"),
        [("access/target:", "access/targets:")],
    ),
    (
        "duplicate-target",
        together(ACCESS + "  - # why\n    serviceName: db # twice\n\n    # and again\n    namespace: bank\n"),
        [
            (
                "  - # why\n    serviceName: db # twice\n\n    # and again\n    namespace: bank\n",
                "  # why\n  # twice\n  # and again\n",
            )
        ],
    ),
    (
        "duplicate-target",
        together(EXTERNAL.replace("\n  - 192.0.2.0/24", " [192.0.2.0/24 , 10.0.0.0/8, 192.0.2.0/24]")),
        [(", 192.0.2.0/24]", "]")],
    ),
    (
        "duplicate-target",
        together(ACCESS, "    maxtac.vtk.io.access/targets: db,bank; web,shop; db , bank"),
        [("; db , bank", "")],
    ),
    (
        "duplicate-target",
        together(EXTERNAL, '    maxtac.vtk.io.externalaccess/targets: "10.0.0.0-8,10.0.0.0/8,192.0.2.0-24"'),
        [(",10.0.0.0/8", "")],
    ),
    (
        "mirrored-ignored",
        together(ACCESS.replace("  direction", "  mirrored: false   # no\n  direction")),
        [("  mirrored: false   # no\n", "  # no\n")],
    ),
]


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize(("code", "before", "changes", "unsafe"), [(*row, row in UNSAFE) for row in [*SAFE, *UNSAFE]])
def test_a_finding_is_mended(
    code: str, before: str, changes: list[tuple[str, str]], unsafe: bool, line_break: str
) -> None:
    """The file afterwards is the one before with exactly these changes, and the finding is gone."""
    after = before
    for old, new in changes:
        assert after.count(old) == 1
        after = after.replace(old, new)
    data = before.replace("\n", line_break).encode()
    assert code in {finding.code.id for finding in find(data)}
    if unsafe:
        assert fix(data).data == data
    fixed = fix(data, unsafe=unsafe)
    assert fixed.data.decode() == after.replace("\n", line_break)
    assert code not in fixed.ids
    assert fixed.refused == {}
    assert fix(fixed.data, unsafe=unsafe).data == fixed.data


WRONG = "    maxtac.vtk.io.access/targets: 10.0.0.0-8\n"
HELD = "    maxtac.vtk.io.externalaccess/targets: 192.0.2.0-24"


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        (together(ACCESS.replace("app: web", "app: web, expose: !!bool on")), "it has a tag"),
        (together(ACCESS.replace("direction: all", "direction: |-\n    ALL")), "it is a block scalar"),
        (together(EXTERNAL.replace("192.0.2.0/24", "&x 192.0.2.1/24\n  - *x")), "an alias shares it"),
        (together(EXTERNAL, WRONG + HELD), "maxtac.vtk.io.externalaccess/targets is there already"),
        (together(ACCESS.replace("all", "&x All") + "x: {y: *x}\n"), "an alias shares it"),
        (together("--- " + "{" + ACCESS.replace("\n", " ") + "}\n"), None),
    ],
)
def test_what_cannot_be_mended_stays(before: str, refused: str | None) -> None:
    """A mend that is refused leaves the file as it is, and says why."""
    fixed = fix(before.encode())
    assert fixed.data.decode() == before
    assert set(fixed.refused.values()) == ({refused} if refused else set())


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (together(ACCESS, "    maxtac.vtk.io.access/targets: 10.0.0.0-8;192.0.2.0-24"), "wrong-annotation"),
        (together(ACCESS, "    maxtac.vtk.io.access/targets: db,bank;10.0.0.0-8"), "wrong-annotation"),
        (together(EXTERNAL, "    maxtac.vtk.io.externalaccess/targets: db,bank,10.0.0.0-8"), "wrong-annotation"),
        (together(EXTERNAL, '    maxtac.vtk.io.externalaccess/targets: "db,\\x62ank"'), "wrong-annotation"),
        (together(ACCESS.replace("spec:\n", "spec:\n  qqq: 1\n")), "unknown-field"),
        (together(ACCESS.replace("  targets:", "  targetCIDRs: []\n  targets:")), "unknown-field"),
    ],
)
def test_what_is_not_plain_has_no_mend(before: str, code: str) -> None:
    """Where the finding does not tell what was meant, nothing is tried."""
    assert code in {finding.code.id for finding in find(before.encode())}
    fixed = fix(before.encode(), unsafe=True)
    assert (fixed.data.decode(), fixed.refused) == (before, {})


def test_an_item_of_a_list_is_mended() -> None:
    """A List and JSON are files like others."""
    text = """{"kind": "List", "items": [
\t{"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": "Access", "metadata": {"name": "a", "namespace": "shop"},
\t "spec": {"serviceSelector": {"matchLabels": {"app": true}}, "direction": "ALL", "duration": "1h"}}
]}
"""
    after = text.replace('"ALL"', '"all"').replace("true", '"true"')
    assert fix(text.encode()).data.decode() == after


class Slip(NamedTuple):
    """A mistake: what is written, and what is to be written."""

    wrong: str
    right: str
    quoted: bool = False  # what is written is no text, until it is quoted


STAMP = "maxtac.vtk.io/expires-at"
STAMPED = '"2027-01-03T00:30:15Z"'
ADDED = "+"
"""A key that stands for the stamp: what is added behind the others of its mapping."""

Text = tuple[str, str]
"""A piece of a file before and after."""


class Writer:
    """Writes objects as YAML in styles that are drawn, before and after mending at once."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.pick: Callable[[tuple[Any, ...]], Any] = lambda choices: draw(st.sampled_from(choices))
        self.step = self.pick((2, 4, 1, 3))
        self.dash = self.pick((0, 2))
        self.comments = 0
        self.pieces: list[Text] = []

    def put(self, before: str, after: str | None = None) -> None:
        """Add a piece."""
        self.pieces.append((before, before if after is None else after))

    def comment(self) -> str:
        """A comment with its number, so that each can be told from the others."""
        self.comments += 1
        return "#" + self.pick((" ", "", " it's \"", " - {[", " a: b # ", " \u00e9 ")) + f"c{self.comments};"

    def line_end(self) -> str:
        """The end of a line, perhaps behind a comment."""
        end = self.pick(("\n", "\n", "  \n", "c", "b"))
        return f"  {self.comment()}\n" if end == "c" else f"\n\n{self.comment()}\n" if end == "b" else end

    def scalar(self, value: str | Slip, *, flow: bool = False) -> None:
        """A scalar, in a style that both its texts can have."""
        slip = value if isinstance(value, Slip) else Slip(value, value)
        style = self.pick(("'", '"', "'", '"', "", "", ""))
        if slip.quoted:
            self.put(slip.wrong, f'"{slip.right}"')
        elif style == "" and not re.search("[,:;]" if flow else "(?!)", slip.wrong):
            self.put(slip.wrong, slip.right)
        else:
            style = style or '"'
            self.put(style + slip.wrong + style, style + slip.right + style)

    def mapping(self, value: dict[Any, Any], column: int) -> None:
        """The lines of a block mapping, of which the first is indented already."""
        for number, (key, inner) in enumerate(value.items()):
            if key == ADDED:
                self.stamp(inner, column)
                continue
            if number:
                self.put(" " * column)
            self.scalar(key)
            self.put(":")
            self.value(inner, column)
            if self.pick((0, 0, 1)) and number < len(value) - 1 and ADDED not in value:
                self.put(f"{' ' * self.pick((0, column))}{self.comment()}\n")

    def stamp(self, keys: tuple[str, ...], column: int) -> None:
        """The lines that are added."""
        lines = [f"{' ' * (column + number * self.step)}{key}:" for number, key in enumerate(keys)]
        line, comments = self.pieces.pop(), ""
        if line[0].endswith(";\n") and "\n\n" in line[0]:
            line, comments = ("\n", "\n"), line[0][1:]
        self.pieces.append(line)
        self.put("", "\n".join(lines) + f" {STAMPED}\n")
        self.put(comments)

    def value(self, value: Any, column: int) -> None:
        """What stands behind a key, to the end of its last line."""
        if isinstance(value, (str, Slip)):
            self.put(" " * self.pick((1, 1, 3)))
            self.scalar(value)
            self.put(self.line_end())
        elif self.pick((0, 0, 1)):
            self.put(" ")
            self.flow(value, self.pick((", ", ",", f",\n{' ' * (column + 5)}")))
            self.put(self.line_end())
        elif isinstance(value, dict):
            self.put(f"{self.line_end()}{' ' * (column + self.step)}")
            self.mapping(value, column + self.step)
        else:
            self.put(self.line_end())
            self.sequence(value, column + self.dash)

    def sequence(self, value: list[Any], column: int) -> None:
        """The lines of a block sequence."""
        for item in value:
            self.put(f"{' ' * column}-{' ' * self.pick((1, 3))}")
            if isinstance(item, dict):
                line = "".join(before for before, _ in self.pieces).rpartition("\n")[2]
                self.mapping(item, len(line))
            else:
                self.scalar(item)
                self.put(self.line_end())

    def flow(self, value: Any, gap: str) -> None:
        """A flow collection, or a scalar in one."""
        if isinstance(value, (str, Slip)):
            self.scalar(value, flow=True)
            return
        self.put("{" if isinstance(value, dict) else "[")
        for number, key in enumerate(value):
            if key == ADDED:
                inner = f"{STAMP}: {STAMPED}"
                between = gap if number > 1 and gap != "," else ", "
                self.put("", between + (f"annotations: {{{inner}}}" if len(value[key]) > 1 else inner))
                continue
            self.put(gap if number else "")
            if isinstance(value, dict):
                self.put(key) if isinstance(key, str) else self.put(key.wrong, key.right)
                self.put(": ")
            self.flow(value[key] if isinstance(value, dict) else key, gap)
        self.put("}" if isinstance(value, dict) else "]")


def resource(kind: str, metadata: dict[Any, Any], spec: dict[Any, Any]) -> dict[Any, Any]:
    """A body."""
    version = "v1" if kind == "Service" else "maxtac.vtk.io/v1alpha1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


@st.composite
def services(draw: st.DrawFn) -> list[dict[Any, Any]]:
    """Two Services, one of them annotated."""
    pick: Callable[..., Any] = lambda *choices: draw(st.sampled_from(choices))  # noqa: E731 - a choice, by its name
    annotations: dict[Any, Any] = {
        "x": pick("z", Slip("yes", "yes", quoted=True), Slip("0x1F", "0x1F", quoted=True)),
        "maxtac.vtk.io.access/direction": pick("all", Slip("ALL", "all")),
        "maxtac.vtk.io.externalaccess/direction": pick("all", Slip("Ingress", "ingress")),
    }
    ranges = pick("10.0.0.0-8", Slip("192.0.2.7,10.1.0.1-8", "192.0.2.7-32,10.0.0.0-8"), None)
    if ranges is None:
        annotations[Slip("maxtac.vtk.io.access/targets", "maxtac.vtk.io.externalaccess/targets")] = "10.0.0.0-8"
    else:
        annotations["maxtac.vtk.io.externalaccess/targets"] = ranges
        annotations["maxtac.vtk.io.access/targets"] = pick("db,bank", Slip("web,shop; bank,db", "web,shop; db,bank"))
    labels = {"app": "web", "expose": pick("x", Slip("on", "on", quoted=True), Slip("1.0", "1.0", quoted=True))}
    metadata = {"name": "web", "namespace": "shop", "labels": labels, "annotations": annotations}
    port = {"port": Slip("80", "80"), "protocol": "TCP"}
    web = resource("Service", metadata, {"selector": {"app": "web"}, "ports": [port]})
    return [web, resource("Service", {"name": "db", "namespace": "bank"}, {"selector": {"app": "db"}})]


@st.composite
def accesses(draw: st.DrawFn) -> list[dict[Any, Any]]:
    """An Access and an ExternalAccess for one of them."""
    pick: Callable[..., Any] = lambda *choices: draw(st.sampled_from(choices))  # noqa: E731 - a choice, by its name
    bodies = []
    for kind in ("Access", "ExternalAccess"):
        metadata: dict[Any, Any] = {"name": "a", "namespace": "shop"}
        spec: dict[Any, Any] = {
            "serviceSelector": {"matchLabels": {"app": "web"}},
            "direction": pick("egress", Slip("Egress", "egress")),
        }
        if kind == "Access":
            spec["targets"] = [{"serviceName": "db", "namespace": "bank"}, {"serviceName": "web", "namespace": "shop"}]
        else:
            spec["targetCIDRs"] = ["192.0.2.0/24", pick("10.0.0.0/8", Slip("10.1.2.3", "10.1.2.3/32"))]
            spec["targetCIDRs"] += [pick("172.16.0.0/12", Slip("2001:db8::1/32", "2001:db8::/32"))]
        where = pick((), ("annotations",), ("annotations", STAMP))
        if len(where) == 1:
            metadata["annotations"] = {"a": "b", ADDED: (STAMP,)}
        elif where:
            metadata[ADDED] = where
        if where:
            spec["duration"] = "36h"
        bodies.append(resource(kind, metadata, spec))
    return bodies


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A file before and after mending: a stream, or a List."""
    writer = Writer(draw)
    bodies = draw(st.permutations([*draw(services()), *draw(accesses())]))
    writer.put(f"{writer.comment()}\n")
    if writer.pick((0, 0, 1)):
        writer.mapping({"apiVersion": "v1", "kind": "List", "items": list(bodies)}, 0)
    else:
        for body in bodies:
            writer.put(f"---{writer.line_end()}")
            writer.mapping(body, 0)
            writer.put(writer.pick(("", f"{writer.comment()}\n", "\n\n")))
    before, after = ("".join(pieces) for pieces in zip(*writer.pieces, strict=True))
    if writer.pick((0, 0, 1)):
        before, after = before.rstrip("\n"), after.rstrip("\n")
    line_break = writer.pick(("\n", "\n", "\r\n"))
    mark = writer.pick(("", "", "\ufeff"))
    return tuple((mark + text.replace("\n", line_break)).encode() for text in (before, after))  # type: ignore[return-value]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(files())
def test_mending_keeps_every_other_byte(file: tuple[bytes, bytes]) -> None:
    """Whatever a file looks like, the mistakes in it are mended, once and for all, and nothing else is changed."""
    before, after = file
    fixed = fix(before)
    assert fixed.refused == {}
    assert fixed.data.decode() == after.decode()
    comments = [re.findall(rb"c\d+;", data) for data in (before, fixed.data)]
    assert comments[0] == comments[1]
    assert list(mends(fixed.found, NOW)) == []
    assert fix(fixed.data).data == fixed.data
    event("mended" if before != after else "sound")
