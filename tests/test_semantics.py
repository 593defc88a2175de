"""The semantics of NetworkPolicy, sentence by sentence, as ``maxtac list`` tells them and as the evaluator does.

A file of testdata/semantics is a sentence. It has the ``item`` of the semantics that it shows, ``pods`` (by
namespace/name, with labels, named ports, addresses, an owner), ``namespaces`` that are declared with their labels,
other ``objects``, ``policies`` (specs, ``in`` a namespace or in shop) or several ``spellings`` of one policy that mean
the same, ``args`` for the command, the ``findings``, and what is ``expected`` of pairs: ports, or what it ``depends``.
The address of ``outside`` is one that no policy names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from clusters import body, pod_body
from evaluator import Body, Connection, Endpoint, Pod, allowed
from maxtac_render.cli import program

SENTENCES = sorted((Path(__file__).parents[1] / "testdata" / "semantics").glob("*.yaml"))
ITEMS = 32
SAID = {10: "what its\n  own node says to it", 11: "answers, and all that is not TCP, UDP or SCTP, such as\n  ICMP"}
"""Items that are about what no policy can say: the command's help has them."""
OUTSIDE = "203.0.113.9"
PROTOCOLS = ("TCP", "UDP", "SCTP")


class Sentence:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.text: dict[str, Any] = yaml.safe_load(path.read_text())
        self.expected: dict[str, str] = self.text.get("expected", {})
        self.pods = {place: self._pod(place, given or {}) for place, given in self.text.get("pods", {}).items()}

    def _pod(self, place: str, given: dict[str, Any]) -> Pod:
        namespace, _, _ = place.partition("/")
        home = (self.text.get("namespaces") or {}).get(namespace, {})
        ports = [(name, *reversed(f"{number}/TCP".split("/")[:2])) for name, number in given.get("ports", {}).items()]
        numbers = tuple((name, protocol, int(number)) for name, protocol, number in ports)
        pairs = tuple((given.get("labels") or {}).items())
        return Pod(namespace, pairs, numbers, tuple(given.get("addresses", ())), tuple(home.items()))

    def spellings(self) -> Iterator[list[Body]]:
        """The policies: once, or once for each way to write the one."""
        alone = (
            [[spec] for spec in self.text["spellings"]] if "spellings" in self.text else [self.text.get("policies", [])]
        )
        for specs in alone:
            written = [dict(spec) if isinstance(spec, dict) else spec for spec in specs]
            places = [spec.pop("in", "shop") if isinstance(spec, dict) else "shop" for spec in written]
            yield [
                body("NetworkPolicy", (place, f"p{number}"), spec=spec)
                for number, (place, spec) in enumerate(zip(places, written, strict=True))
            ]

    def written(self, policies: list[Body]) -> str:
        """Everything as manifests."""
        bodies = [*policies, *self.text.get("objects", [])]
        for name, labels in (self.text.get("namespaces") or {}).items():
            bodies.append(body("Namespace", ("", name), metadata={"labels": labels}))
        for place, pod in self.pods.items():
            given = self.text["pods"][place] or {}
            namespace, _, name = place.partition("/")
            written = pod_body((namespace, name), pod, hostNetwork=given.get("hostNetwork", False))
            if "owner" in given:
                kind, _, owner = given["owner"].partition("/")
                reference = {"apiVersion": "apps/v1", "kind": kind, "name": owner, "controller": True}
                written["metadata"]["ownerReferences"] = [reference]
            bodies.append(written)
        return "\n---\n".join(map(json.dumps, bodies))


def pair(text: str) -> tuple[str, str]:
    """The source and the target in ``a -> b``."""
    source, _, target = text.partition(" -> ")
    return source, target


def entries(text: str) -> list[Body]:
    """Ports as the JSON of the command has them: ``TCP 80,8000-8100,http UDP *``, ``all``, ``none``."""
    if text in ("all", "none", ""):
        return [{"protocol": protocol} for protocol in PROTOCOLS] if text == "all" else []
    found: list[Body] = []
    words = text.split()
    for protocol, ports in zip(words[::2], words[1::2], strict=True):
        for port in ports.split(","):
            first, _, last = port.partition("-")
            numbers = {"port": int(first) if first.isdecimal() else first, **({"endPort": int(last)} if last else {})}
            found.append({"protocol": protocol, **({} if port == "*" else numbers)})
    return found


def means(shown: Body, end: str) -> bool:
    """Whether an endpoint in the JSON of the command is the one that a sentence names."""
    if "ipBlocks" not in shown:
        return f"{shown.get('namespace')}/{shown.get('name')}" == end
    if "/" in end:
        return False
    address = ip_address(OUTSIDE if end == "outside" else end)
    return any(
        address in ip_network(block["cidr"])
        and not any(address in ip_network(cidr) for cidr in block.get("except", ()))
        for block in shown["ipBlocks"]
    )


def passing(connections: list[Body], ends: tuple[str, str], verdict: str) -> list[Body]:
    """The ports on which one may talk to another."""
    found = [
        each["ports"]
        for each in connections
        if each["verdict"] == verdict and means(each["source"], ends[0]) and means(each["target"], ends[1])
    ]
    assert len(found) <= 1, "a pair has one row for each verdict"
    return found[0] if found else []


@pytest.mark.parametrize("path", SENTENCES, ids=lambda path: path.stem)
def test_the_command_tells_what_the_sentence_says(path: Path) -> None:
    """Every pair of the sentence has the ports that it says, in each spelling."""
    sentence = Sentence(path)
    for policies in sentence.spellings():
        args = ["list", "-", "-o", "json", *sentence.text.get("args", [])]
        result = CliRunner().invoke(program.program, args, input=sentence.written(policies))
        findings = set(re.findall(r"^(?:error|warning|info)\[([a-z-]+)\]", result.stderr, re.MULTILINE))
        assert findings == set(sentence.text.get("findings", ())), result.output
        assert result.exit_code == (0 if sentence.expected else 1), result.output
        connections = json.loads(result.stdout)["connections"] if sentence.expected else []
        for text, ports in sentence.expected.items():
            certain, _, unsure = ports.partition("depends ")
            assert passing(connections, pair(text), "yes") == entries(certain.strip("; ")), (text, policies)
            assert passing(connections, pair(text), "depends") == entries(unsure), (text, policies)


def holds(ports: list[Body], protocol: str, number: int, target: Endpoint) -> bool:
    """Whether a port is among entries."""
    named = {} if isinstance(target, str) else {(protocol, name): at for name, protocol, at in target.ports}
    for each in ports:
        first = each.get("port", 1)
        first = named.get((protocol, first)) if isinstance(first, str) else first
        last = each.get("endPort", first) if "port" in each else 65535
        if each["protocol"] == protocol and first is not None and first <= number <= last:
            return True
    return False


@pytest.mark.parametrize("path", SENTENCES, ids=lambda path: path.stem)
def test_the_evaluator_says_the_same(path: Path) -> None:
    """Of pods and addresses of which everything is known, as the API's documentation has it."""
    sentence = Sentence(path)
    if "args" in sentence.text:
        return
    ends: dict[str, Endpoint] = {**sentence.pods, "outside": OUTSIDE}
    for policies in sentence.spellings():
        policies += [each for each in sentence.text.get("objects", ()) if each["kind"] == "NetworkPolicy"]
        for text, ports in sentence.expected.items():
            names = pair(text)
            source, target = (ends.get(name, "" if "/" in name else name) for name in names)
            if not source or not target or "depends" in ports or source == target:
                continue
            numbers = {
                each[key] + step
                for each in entries(ports)
                for key in ("port", "endPort")
                for step in (-1, 0, 1)
                if isinstance(each.get(key), int)
            } | {1, 80, 4000, 65535}
            tried: list[Connection] = [
                (source, target, protocol, number) for protocol in PROTOCOLS for number in numbers if 0 < number < 65536
            ]
            wanted = {each for each in tried if holds(entries(ports), *each[2:], target)}
            assert allowed(policies, tried) == wanted, (text, policies)


def test_every_item_has_a_sentence() -> None:
    """None of the semantics is passed over; what no policy can say, the help says."""
    assert {Sentence(path).text["item"] for path in SENTENCES} | set(SAID) == set(range(1, ITEMS + 1))
    help_text = CliRunner().invoke(program.program, ["list", "--help"], env={"COLUMNS": "80"}).stdout
    assert all(said in help_text for said in SAID.values())
