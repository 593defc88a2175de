"""Label selectors: what one selects of what another does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.model.selectors import Requirement, Selector

KEYS, VALUES = ("app", "tier"), ("a", "b")
LABELS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
PAIRS = LABELS.map(lambda labels: tuple(sorted(labels.items())))
REQUIREMENT = st.one_of(
    st.builds(
        Requirement,
        st.sampled_from(KEYS),
        st.sampled_from(("In", "NotIn")),
        st.sets(st.sampled_from(VALUES), min_size=1).map(lambda values: tuple(sorted(values))),
    ),
    st.builds(Requirement, st.sampled_from(KEYS), st.sampled_from(("Exists", "DoesNotExist"))),
)
SELECTOR = st.builds(Selector, PAIRS, st.lists(REQUIREMENT, max_size=2).map(tuple))
EVERY = [{}] + [
    dict(zip(keys, values, strict=True))
    for keys in (("app",), ("tier",), KEYS)
    for values in ([(value,) for value in VALUES] if len(keys) == 1 else [(a, b) for a in VALUES for b in VALUES])
]


@given(SELECTOR, SELECTOR)
def test_what_includes_another_selects_all_that_it_selects(wide: Selector, narrow: Selector) -> None:
    """The answer yes is right for all labels."""
    if wide.includes(narrow):
        assert all(wide.matches(labels) for labels in EVERY if narrow.matches(labels))


@given(SELECTOR)
def test_a_selector_includes_itself_and_everything_includes_it(selector: Selector) -> None:
    """The plain cases are found."""
    assert selector.includes(selector)
    assert Selector().includes(selector)
