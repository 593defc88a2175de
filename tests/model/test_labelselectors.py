"""A selector that is read the quick way is the one that a close look finds."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.model.diagnostics import Report
from maxtac_render.model.fields import Fields
from maxtac_render.model.labelselectors import plain_selector, read_label_selector
from maxtac_render.model.objects import ObjectRef, Origin, Resource

WORDS = st.sampled_from(("app", "a.b/c", "web", "", "-", "a b", "x" * 64, "/", "app/"))
VALUES = WORDS | st.sampled_from((None, True, 1, 1.5)) | st.builds(list) | st.builds(dict)
SELECTORS = st.one_of(
    st.builds(lambda labels: {"matchLabels": labels}, st.dictionaries(WORDS, WORDS, max_size=3)),
    st.dictionaries(st.sampled_from(("matchLabels", "matchExpressions", "matchlabels")), VALUES, max_size=2),
    st.builds(lambda labels: {"matchLabels": labels}, st.dictionaries(WORDS, VALUES, max_size=3)),
    VALUES,
)


@given(SELECTORS)
def test_the_quick_way_leads_where_the_close_look_leads(value: Any) -> None:
    """Either both find the same selector and nothing wrong, or the quick way finds none."""
    report = Report()
    resource = Resource(ObjectRef("v1", "Any", "shop", "a"), {"spec": value}, Origin(""))
    quick, close = plain_selector(value), read_label_selector(Fields(resource, report), ("spec",), "left out")
    assert quick is None or (quick == close and not report.sorted())


def test_the_quick_way_is_taken() -> None:
    """What nearly all selectors look like needs no close look."""
    assert plain_selector({"matchLabels": {"app": "web", "a.b/c": ""}}) is not None
