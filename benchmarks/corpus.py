"""Write a corpus: Services among things that do not matter, and one MaxTac resource for every hundred of them."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = 100  # Services for each MaxTac resource, which are also those of one namespace
TARGETS = 10
KINDS = ("Access", "ClusterAccess", "ExternalAccess", "ClusterExternalAccess")
DIRECTIONS = ("ingress", "egress", "all")

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/instance: {name}-live
    app.kubernetes.io/version: v1.{number}.2
    app.kubernetes.io/component: backend-{number}
    app.kubernetes.io/part-of: suite-{number}
    app.kubernetes.io/managed-by: team-{number}
    example.com/access: {access}
  annotations:
    prometheus.io/scrape: "true"
    prometheus.io/port: "{metrics}"
    example.com/contact: team-{number}@example.com
    example.com/runbook: https://example.com/runbooks/{name}
spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/instance: {name}-live
  ports:
    - name: web
      port: {port}
      protocol: TCP
      targetPort: w-{number}
    - name: metrics
      port: {metrics}
      protocol: TCP
      targetPort: {metrics}
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/instance: {name}-live
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
      app.kubernetes.io/instance: {name}-live
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/instance: {name}-live
    spec:
      containers:
        - name: main
          image: registry.example.com/{name}:1.{number}.2
          args: ["--listen=:{port}", "--metrics=:{metrics}"]
          env:
            - name: SUITE
              value: suite-{number}
            - name: LOG_LEVEL
              valueFrom:
                configMapKeyRef:
                  name: {name}
                  key: log-level
          ports:
            - name: w-{number}
              containerPort: {port}
            - name: metrics
              containerPort: {metrics}
          readinessProbe:
            httpGet:
              path: /healthz
              port: metrics
            periodSeconds: 10
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              memory: 256Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
"""

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/instance: {name}-live
data:
  log-level: info
  template.yaml: |
    apiVersion: v1
    kind: Service
    metadata:
      name: {name}-canary
      namespace: {namespace}
    spec:
      selector:
        app.kubernetes.io/name: {name}-canary
      ports:
        - port: {port}
  server.properties: |
    suite=suite-{number}
    listen=0.0.0.0:{port}
    metrics=0.0.0.0:{metrics}
    upstream=https://{name}.{namespace}.svc.cluster.local
    timeout.connect=2s
    timeout.read=30s
"""


@dataclass(frozen=True)
class Corpus:
    """The same content in several shapes under one directory."""

    directory: Path
    services: int

    @property
    def stream(self) -> Path:
        """Every document in one file."""
        return self.directory / "all.yaml"

    @property
    def worst(self) -> Path:
        """The same stream with quoted root keys, so that no document can be skipped or recognised cheaply."""
        return self.directory / "worst.yaml"

    @property
    def files(self) -> Path:
        """A kustomization with one file for each document."""
        return self.directory / "files"

    @property
    def one(self) -> Path:
        """A kustomization whose only resource is the stream."""
        return self.directory / "one"

    @property
    def policies(self) -> int:
        """How many policies it renders to."""
        return self.services * TARGETS


def write(directory: Path, services: int) -> Corpus:
    """Write the corpus of so many Services, a multiple of 100; the same number always gives the same bytes."""
    if services < GROUP or services % GROUP:
        raise ValueError(f"{services} Services: not a multiple of {GROUP}")
    corpus = Corpus(directory, services)
    corpus.files.mkdir(parents=True)
    corpus.one.mkdir()
    names = []
    with corpus.stream.open("w") as stream, corpus.worst.open("w") as worst:
        for number, text in enumerate(_documents(services)):
            names.append(f"{number:05}.yaml")
            (corpus.files / names[-1]).write_text(text)
            stream.write(f"---\n{text}")
            worst.write("---\n" + re.sub(r"^(\w+):", r'"\1":', text, flags=re.MULTILINE))
    write_kustomization(corpus.files, names)
    (corpus.one / "all.yaml").hardlink_to(corpus.stream)
    write_kustomization(corpus.one, ["all.yaml"])
    return corpus


def write_kustomization(directory: Path, resources: list[str]) -> None:
    """Write the kustomization of these files of a directory."""
    lines = "".join(f"  - {name}\n" for name in resources)
    text = f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{lines}"
    (directory / "kustomization.yaml").write_text(text)


def _documents(services: int) -> Iterator[str]:
    for number in range(services):
        facts = {
            "number": f"{number:05}",
            "name": f"service-{number:05}",
            "namespace": _namespace(number),
            "access": _access(number // GROUP),
            "port": 10_000 + number,
            "metrics": 30_000 + number,
        }
        yield SERVICE.format_map(facts)
        yield DEPLOYMENT.format_map(facts)
        yield CONFIG_MAP.format_map(facts)
        if number % GROUP == GROUP // 2:
            yield _resource(number // GROUP, services)


def _namespace(service: int) -> str:
    return f"namespace-{service // GROUP:03}"


def _access(group: int) -> str:
    return f"access-{group:03}"


def _resource(group: int, services: int) -> str:
    kind = KINDS[group % len(KINDS)]
    direction = DIRECTIONS[group // len(KINDS) % len(DIRECTIONS)]
    external = "External" in kind
    namespace = "" if kind.startswith("Cluster") else f"  namespace: {_namespace(group * GROUP)}\n"
    ports = external and direction != "ingress"
    annotations = "  annotations:\n    render.maxtac.vtk.io/ports: 443/TCP\n" if ports else ""
    targets = _cidrs(group) if external else _targets(group, services)
    mirrored = "  mirrored: false\n" if kind == "ClusterAccess" else ""
    return (
        f"apiVersion: maxtac.vtk.io/v1alpha1\nkind: {kind}\n"
        f"metadata:\n  name: {_access(group)}\n{namespace}{annotations}"
        f"spec:\n  direction: {direction}\n{mirrored}"
        f"  serviceSelector:\n    matchLabels:\n      example.com/access: {_access(group)}\n{targets}"
    )


def _targets(group: int, services: int) -> str:
    """Ten Services, those of the next groups where there are any."""
    numbers = [((group + 1) * GROUP + 7 * step) % services for step in range(TARGETS)]
    return "  targets:\n" + "".join(
        f"    - serviceName: service-{number:05}\n      namespace: {_namespace(number)}\n" for number in numbers
    )


def _cidrs(group: int) -> str:
    cidrs = [
        ip_network(f"2001:db8:{group:x}:{step:x}::/64" if step % 2 else f"10.{group}.{step}.0/24")
        for step in range(TARGETS)
    ]
    return "  targetCIDRs:\n" + "".join(f"    - {cidr}\n" for cidr in cidrs)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
