"""Files that are read line by line."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from maxtac_render.model.errors import SourceFault
from maxtac_render.sources import lines as module
from maxtac_render.sources.lines import lines


def test_lines_come_without_their_ends(tmp_path: Path) -> None:
    """From a file or from standard input; the last one may have none."""
    (tmp_path / "f").write_bytes(b"a\r\n\nb\nc")
    assert list(lines(str(tmp_path / "f"), BytesIO())) == [b"a", b"", b"b", b"c"]
    assert list(lines("-", BytesIO(b"a\nb"))) == [b"a", b"b"]


def test_a_line_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its rest is passed over, in pieces: it never is in memory as a whole."""
    monkeypatch.setattr(module, "LONGEST", 8)
    assert list(lines("-", BytesIO(b"x" * 100 + b"\nnext\n" + b"1234567\n" + b"12345678\nend"))) == [
        b"xxxxxxxx",
        b"next",
        b"1234567",
        b"12345678",
        b"end",
    ]


def test_what_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    """Missing, or a directory."""
    for path in ("missing", "."):
        with pytest.raises(SourceFault, match="cannot read"):
            list(lines(str(tmp_path / path), BytesIO()))
