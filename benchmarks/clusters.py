"""Write a cluster: workloads with their Services in namespaces of twenty, and two policies for each, or none at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = 20  # workloads of a namespace
PORTS = 10  # numbers that the containers of one after the other listen on
FIRST = 8_000

NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {namespace}
  labels:
    team: team-{team}
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app: {name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
        tier: {tier}
    spec:
      containers:
      - name: main
        image: registry.example.com/{name}:1.{number}.2
        ports:
        - name: http
          containerPort: {port}
        - name: metrics
          containerPort: 9090
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {namespace}
spec:
  selector:
    app: {name}
  ports:
  - name: http
    port: 80
    targetPort: http
"""

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {name}
  namespace: {namespace}
spec:
  podSelector:{pods}
  policyTypes:
"""

NAMED = """\
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {namespace}
      podSelector:
        matchLabels:
          app: {name}
"""

MONITORED = """\
  - Ingress
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: monitoring
    ports:
    - protocol: TCP
      port: metrics
"""

NAMES = """\
  - Egress
  egress:
  - to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
    ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
"""

ADDRESSES = """\
  - to:
    - ipBlock:
        cidr: 10.{second}.0.0/16
        except:
        - 10.{second}.{third}.0/24
    ports:
    - protocol: TCP
      port: 443
"""


def write(path: Path, workloads: int, *, policies: bool = True) -> None:
    """Write a cluster of so many workloads, a multiple of 20; the same number always gives the same bytes."""
    if workloads < HOME or workloads % HOME:
        raise ValueError(f"{workloads} workloads: not a multiple of {HOME}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        for text in _documents(workloads):
            if policies or not text.startswith(POLICY[: POLICY.index("\n")]):
                stream.write(f"---\n{text}")


def _documents(workloads: int) -> Iterator[str]:
    for number in range(workloads):
        if number % HOME == 0:
            yield NAMESPACE.format(namespace=_namespace(number), team=number // HOME % 7)
            yield from _rules_of_all(number)
        facts = {"name": _name(number), "namespace": _namespace(number), "number": number}
        yield DEPLOYMENT.format_map({**facts, "tier": f"tier-{number % 5}", "port": FIRST + number % PORTS})
        yield SERVICE.format_map(facts)
        yield _inwards(number, workloads)
        if number % HOME < HOME - 3:  # so that there are two policies for each workload
            yield _outwards(number, workloads)


def _rules_of_all(first: int) -> Iterator[str]:
    """What holds for all pods of a namespace: closed (one in four only inwards), but for metrics and names."""
    types = "  - Ingress\n" if first // HOME % 4 == 0 else "  - Ingress\n  - Egress\n"
    for name, spec in (("default-deny", types), ("scrape", MONITORED), ("dns", NAMES)):
        yield POLICY.format(name=name, namespace=_namespace(first), pods=" {}") + spec


def _inwards(number: int, workloads: int) -> str:
    """The neighbour and somebody from another namespace may come in, at every other by the name of the port."""
    home = number // HOME * HOME
    peers = (home + (number + 1) % HOME, (number * 7 + 3) % workloads)
    port = "http" if number % 2 else FIRST + number % PORTS
    rule = f"{''.join(map(_peer, peers))}    ports:\n    - protocol: TCP\n      port: {port}\n"
    return f"{_policy(number, 'in')}  - Ingress\n  ingress:\n  - from:\n{rule}"


def _outwards(number: int, workloads: int) -> str:
    """To the neighbour, to somebody in another namespace, and to some addresses."""
    home = number // HOME * HOME
    peers = (home + (number + HOME - 1) % HOME, (number * 3 + 1) % workloads)
    addresses = ADDRESSES.format(second=number % 200, third=number % 250)
    return f"{_policy(number, 'out')}  - Egress\n  egress:\n  - to:\n{''.join(map(_peer, peers))}{addresses}"


def _policy(number: int, side: str) -> str:
    name = _name(number)
    pods = f"\n    matchLabels:\n      app: {name}"
    return POLICY.format(name=f"{name}-{side}", namespace=_namespace(number), pods=pods)


def _peer(number: int) -> str:
    return NAMED.format(name=_name(number), namespace=_namespace(number))


def _name(number: int) -> str:
    return f"app-{number:05}"


def _namespace(number: int) -> str:
    return f"namespace-{number // HOME:03}"


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), policies=sys.argv[3] == "closed")
