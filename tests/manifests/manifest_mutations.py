"""Manifests, and what hands, merges and attackers make of them."""

from __future__ import annotations

from random import Random

SERVICE = rb"""apiVersion: v1
kind: Service
metadata:
  name: web
  labels: &l
    app: "web"
    on: 'yes'
spec:
  selector: {a: b, c: [1, 0x10], d: "e\n f"}
  x: *l
  y:
    <<: *l
    app: z
    80: true
  ports:
  - port: 80   # c
    targetPort: http
  - {port: 010, protocol: TCP}
  text: |
    foo
      bar

  fold: >-
    a
    b
"""
STREAM = rb"""# c
---
kind: Service
apiVersion: v1
data:
  - - a
    - ~
  - ? x
    : y
  - ! 5
  - !!str 5
  - !!float 3
  - 'it''s'
  - "a\
    b \u00e9"
  - plain multi
    line
spec: {}
---
apiVersion: v1
kind: Service
a: 1
...
"""
LIST = rb"""apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: a}
- {"apiVersion": "v1", "kind": "Service", "x": 1.0}
"""
JSON = rb"""{"apiVersion": "v1", "kind": "Service", "a": [1, 2.5, 1e3, "\ud83d\ude00", true, null], "b": {}}
{"apiVersion": "v1", "kind": "ServiceList", "items": [{"a": 1}]}
"""
SKIPPABLE = rb"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: a
spec: &a
  kind: Service
  x: "foo"
  y: [a,
    b]
  t: |
    apiVersion: v1
    kind: Service
other: 'x'
list:
- a
- b: c
"""
COMMENTED = b"kind: ConfigMap # c\napiVersion: v1\ndata: {a: b}\n"
QUOTED = b'# c\nkind: Foo\nx: "\nkind: Service\napiVersion: v1\n"\napiVersion: foo/v1\n'
FLOW = b"apiVersion: v1\nkind: ConfigMap\nspec: {\nkind: Service,\napiVersion: v1\n}\n"
INDENTED = b'  apiVersion: v1\n  kind: Service\n  x: "\napiVersion: v1\nkind: ConfigMap\n  "\n'

READ = (SERVICE, STREAM, LIST, JSON)
PASSED_OVER = (SKIPPABLE, COMMENTED, QUOTED, FLOW, INDENTED)

_WORDS = rb"""
    : - # ' " { } [ ] , & * ! | > ? % < ~ = \ @ ` .
    *a *l !!str !!int !x |+ --- ... << null yes 1_0 1:30 0o7 .5 1e400 .inf \x41 kind items 2001-01-01 Service ki
"""
_PIECES = (
    *_WORDS.split(),
    *(b": ", b"- ", b"\n", b" ", b"  ", b"\t", b" #", b", ", b"&a ", b"! ", b"? ", b"\n  ", b"\n- ", b"\\\n", b'"\n'),
    *(b"\n---\n", b"\n--- ", b"\n...\n", b"\n%YAML 1.1\n", b"<<: *a\n", b"? kind\n: Service\n", b'"kind": Service\n'),
    *(b"\nkind: Service\n", b"\nkind: ConfigMap\n", b"\napiVersion: v1\n", b"\nitems: []\n", b"  kind: Service\n"),
    *(b"apiVersion: maxtac.vtk.io/v1alpha1\n", b"maxtac.vtk.io/v1", b"a: b", b"{\n", b"}\n", b"\r", b"\r\n"),
    *"\x00 \x7f \x85 \xa0 \xe9 \u2028 \u200b \ufeff \U0001f600".encode().split(b" "),
)


def seeded(seed: int) -> Random:
    """Chance that is the same in every run."""
    return Random(seed)  # noqa: S311 - nothing here is secret


def mutated(text: bytes, random: Random) -> bytes:
    """The text with a few changes that keep most of it in order."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5))):
        text = random.choice((_inserted, _inserted, _deleted, _replaced, _moved))(text, random)
    return text


def _inserted(text: bytes, random: Random) -> bytes:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_PIECES) + text[at:]


def _deleted(text: bytes, random: Random) -> bytes:
    at = random.randrange(len(text) + 1)
    return text[:at] + text[at + random.choice((1, 1, 2, 5)) :]


def _replaced(text: bytes, random: Random) -> bytes:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_PIECES) + text[at + 1 :]


def _moved(text: bytes, random: Random) -> bytes:
    lines = text.split(b"\n")
    at = random.randrange(len(lines))
    line = lines[at]
    lines[at : at + 1] = random.choice(([], [line, line], [b" " + line], [b"  " + line], [line.lstrip()]))
    return b"\n".join(lines)
