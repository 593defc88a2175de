"""The log: a line for each thing that happened, whatever it is that others wrote, and never a secret."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.live.journal import HIDDEN, LEVELS, Form, Journal
from maxtac_render.model.objects import ObjectRef

NOW = datetime(2026, 11, 25, 12, 0, 0, 123_000, tzinfo=UTC)
REF = ObjectRef("v1", "Service", "shop", "web")
TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"  # noqa: S105 - of nobody


def logged(form: Form, message: str = "said", about: object = None, **facts: Any) -> str:
    """What one entry writes."""
    stream = StringIO()
    Journal(form, stream=stream, clock=lambda: NOW).info(message, about, **facts)
    return stream.getvalue()


def test_a_line_of_text() -> None:
    """Time, level, message, object, facts."""
    line = logged(
        "text", "policies created", REF, number=3, took=0.25, ok=True, reason="no room", nothing=None, field=""
    )
    assert line == (
        "2026-11-25T12:00:00.123Z INFO policies created "
        'object="Service shop/web" number=3 took=0.25 ok=true reason="no room" nothing=null\n'
    )


def test_a_line_of_json() -> None:
    """The same, for machines."""
    assert json.loads(logged("json", "policies created", REF, number=3, ratio=float("nan"))) == {
        "time": "2026-11-25T12:00:00.123Z",
        "level": "info",
        "message": "policies created",
        "object": "Service shop/web",
        "number": 3,
        "ratio": "nan",
    }


@pytest.mark.parametrize("form", ["text", "json"])
@given(
    st.text(max_size=600), st.text(max_size=600), st.dictionaries(st.sampled_from(["a", "time", "level"]), st.text())
)
def test_nothing_that_others_wrote_breaks_a_line(form: Form, message: str, name: str, facts: dict[str, str]) -> None:
    """One entry is one line that can be shown; what is ours cannot be taken over by a fact."""
    line = logged(form, message, REF._replace(name=name), **facts)
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    if form == "json":
        assert json.loads(line)["time"] == "2026-11-25T12:00:00.123Z"


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    ("secret", "text"),
    [
        (TOKEN, f"cannot use {TOKEN} here"),
        ("abcdef0123456789", "headers: {'Authorization': 'Bearer abcdef0123456789', 'Accept': 'application/json'}"),
        ("dXNlcjpwYXNz", "Proxy-Authorization: Basic dXNlcjpwYXNz"),
        ("hunter2", "https://admin:hunter2@proxy.example:8080 refused"),
        ("hunter2", "password: hunter2"),
        ("LS0tLS1CRUdJTi", "users: [{name: a, user: {client-key-data: LS0tLS1CRUdJTi}}]"),
        ("LS0tLS1CRUdJTi", "certificate-authority-data: LS0tLS1CRUdJTi"),
        ("s3cr3t", '{"token": "s3cr3t"}'),
        ("MIIEpAIBAAKCAQEA", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"),
        ("MIIEpAIBAAKCAQEA", "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA"),
    ],
)
def test_a_secret_is_not_written(form: Form, secret: str, text: str) -> None:
    """Wherever it stands: in the message, in a fact, in the name of an object."""
    for line in (logged(form, text), logged(form, reason=text), logged(form, about=text)):
        assert secret not in line
        assert HIDDEN in line


@pytest.mark.parametrize("name", ["token", "api_key", "Authorization", "password", "kubeconfig", "secretName"])
def test_a_fact_with_the_name_of_a_secret_is_hidden(name: str) -> None:
    """Whatever it looks like."""
    assert "hunter2" not in logged("json", **{name: "hunter2"})


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_less_grave_is_left_out(level: Any) -> None:
    """From the level on everything is written."""
    stream = StringIO()
    journal = Journal("json", level, stream)
    for each in LEVELS:
        getattr(journal, each)("said")
    written = [json.loads(line)["level"] for line in stream.getvalue().splitlines()]
    assert written == list(LEVELS[LEVELS.index(level) :])


def test_many_threads_write_whole_lines() -> None:
    """No line in another."""
    stream = StringIO()
    journal = Journal("json", stream=stream)
    threads = [Thread(target=lambda: [journal.info("x" * 200, number=n) for n in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 400
    assert all(json.loads(line)["message"] == "x" * 200 for line in lines)


def test_a_stream_that_is_closed_is_no_reason_to_stop() -> None:
    """What is lost is counted."""
    stream = StringIO()
    stream.close()
    journal = Journal(stream=stream)
    journal.error("said")
    assert journal.lost == 1


def test_a_very_long_text_is_cut() -> None:
    """Whatever somebody puts into a message."""
    assert len(logged("text", "token=" * 1_000_000)) < 1000
