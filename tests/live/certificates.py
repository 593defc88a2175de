"""Certificates for tests, made by openssl: an authority, a server's and a client's."""

from __future__ import annotations

import ssl
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple

NAME = "fake.example"
"""The only name of the server, besides 127.0.0.1."""


class Certificates(NamedTuple):
    """Files in PEM."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def context(self, *, mutual: bool = False) -> ssl.SSLContext:
        """How the server proves itself; ``mutual``: and asks clients for a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        if mutual:
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context


def data(path: Path) -> str:
    """A file as a kubeconfig holds it."""
    return b64encode(path.read_bytes()).decode()


def make(directory: Path) -> Certificates:
    """Make new ones."""
    files = ("authority.pem", "server.pem", "server.key", "client.pem", "client.key")
    made = Certificates(*(directory / name for name in files))
    key = directory / "authority.key"
    _openssl("req", "-x509", *_new(key), "-out", made.authority, "-subj", "/CN=authority", "-days", "2")
    for subject, certificate, certificate_key, names in (
        (NAME, made.server, made.server_key, f"subjectAltName=DNS:{NAME},IP:127.0.0.1"),
        ("tester", made.client, made.client_key, "extendedKeyUsage=clientAuth"),
    ):
        request, extensions = directory / "request.pem", directory / "extensions"
        extensions.write_text(names)
        _openssl("req", *_new(certificate_key), "-out", request, "-subj", f"/CN={subject}/O=system:masters")
        signed = ("-CA", made.authority, "-CAkey", key, "-CAcreateserial", "-days", "2", "-extfile", extensions)
        _openssl("x509", "-req", "-in", request, *signed, "-out", certificate)
    return made


def _new(key: Path) -> tuple[str | Path, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
