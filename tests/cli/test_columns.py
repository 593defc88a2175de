"""Columns are aligned as kubectl aligns them, and wrapped only where a terminal is too narrow."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.cli.columns import GAP, LEAST, aligned, room

ROWS = [
    ("SOURCE", "TARGET", "PORTS"),
    ("shop/web", "10.0.0.0/8; 172.16.0.0/12; 192.168.0.0/16", "TCP 80,443"),
    ("bank/a-very-long-name-indeed", "shop/web", "all"),
]


def test_a_pipe_gets_one_line_for_each_row() -> None:
    """Nothing is cut or wrapped, and no line ends in blanks."""
    assert list(aligned(ROWS)) == [
        "SOURCE                         TARGET                                      PORTS\n",
        "shop/web                       10.0.0.0/8; 172.16.0.0/12; 192.168.0.0/16   TCP 80,443\n",
        "bank/a-very-long-name-indeed   shop/web                                    all\n",
    ]
    assert room(io.StringIO()) == 0


def test_long_cells_are_wrapped_between_their_parts() -> None:
    """A table that does not fit is narrowed where it is widest, and names are broken last."""
    assert list(aligned(ROWS, 60)) == [
        "SOURCE                         TARGET             PORTS\n",
        "shop/web                       10.0.0.0/8;        TCP 80,443\n",
        "                               172.16.0.0/12;\n",
        "                               192.168.0.0/16\n",
        "bank/a-very-long-name-indeed   shop/web           all\n",
    ]
    assert list(aligned(ROWS, 50)) == [
        "SOURCE                      TARGET           PORTS\n",
        "shop/web                    10.0.0.0/8;      TCP\n",
        "                            172.16.0.0/12;   80,\n",
        "                            192.168.0.0/16   443\n",
        "bank/a-very-long-name-      shop/web         all\n",
        "indeed\n",
    ]


@given(st.lists(st.lists(st.text("ab ,/", max_size=60), min_size=3, max_size=3), min_size=1), st.integers(0, 100))
def test_wrapping_loses_nothing(rows: list[list[str]], columns: int) -> None:
    """Whatever the width, the cells' characters but blanks are all there, and lines fit if they can."""
    text = "".join(aligned(rows, columns))
    assert sorted(text.replace(" ", "").replace("\n", "")) == sorted("".join(map("".join, rows)).replace(" ", ""))
    wide = max(max(map(len, column)) for column in zip(*rows, strict=True)) > LEAST
    assert not columns or max(map(len, text.splitlines())) <= max(columns, 3 * LEAST + 2 * len(GAP)) or not wide
