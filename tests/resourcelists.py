"""ResourceLists in all the block YAML that people and tools write, for the property tests of the KRM function."""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml
from hypothesis import strategies as st

from worlds import Body, worlds

ODD = (
    "1e3",
    "0o17",
    "yes",
    "<<",
    "~",
    "08",
    "2024-01-01",
    "1.50",
    "null",
    "",
    "=",
    "0x1F",
    "\u2028",
    "é",
    "\U0001f600",
)
LINES = ("# no comment", "--- no marker", "...", "- no item", "items:", "  deeper", "", "\t", "%YAML", "a: b", "'", '"')
TEXT = st.one_of(
    st.sampled_from(ODD),
    st.lists(st.sampled_from(LINES), min_size=1, max_size=5).map("\n".join),
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=20),
)
COMMENT = st.sampled_from(("", "# a comment\n", "# - a dash\n", "\n", "# one\n# two\n"))


class Written(NamedTuple):
    """A ResourceList as text, and the text of each of its items without the comments around it."""

    text: str
    items: list[str]


class Dumper(yaml.SafeDumper):
    """Writes what is shared as often as it stands there."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of the dumper
        """Nothing is an alias."""
        return True


@st.composite
def config_map(draw: st.DrawFn, number: int) -> Body:
    """An object that nobody wants, with odd texts."""
    data = draw(st.dictionaries(st.sampled_from(("a", "b", "c d", "items", "kind", "é")), TEXT, max_size=4))
    annotations = draw(st.sampled_from(({}, {"internal.config.kubernetes.io/path": "a b/it's.yaml"})))
    metadata = {"name": f"noise-{number}", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@st.composite
def item(draw: st.DrawFn, body: Body, pad: str) -> str:
    """An item of a block sequence, in some style."""
    manner = {
        "default_flow_style": draw(st.sampled_from((False, False, None))),
        "default_style": draw(st.sampled_from((None, None, None, '"', "'", "|", ">"))),
        "width": draw(st.sampled_from((20, 80, 1000))),
        "indent": draw(st.integers(2, 5)),
        "allow_unicode": draw(st.booleans()),
        "sort_keys": draw(st.booleans()),
    }
    text = yaml.dump([body], Dumper=Dumper, **manner)
    if not _is_sound(text, body):
        text = yaml.dump([body], Dumper=Dumper, **{**manner, "default_style": '"'})
    behind = draw(st.sampled_from(("", " # behind")))
    first, _, rest = text.partition("\n")
    text = f"{first}{behind}\n{rest}" if behind and not first.endswith(("|", "\\")) and '"' not in first else text
    return "".join(f"{pad}{line}" if line.strip("\n") else line for line in text.splitlines(keepends=True))


def _is_sound(text: str, body: Body) -> bool:
    """Whether a text is what it should be: block scalars with odd line breaks the dumper cannot write."""
    try:
        return bool(yaml.safe_load(f"{text}- end") == [body, "end"])
    except yaml.YAMLError:
        return False


@st.composite
def lists(draw: st.DrawFn, bodies: list[Body]) -> Written:
    """A ResourceList of bodies."""
    pad = draw(st.sampled_from(("", "  ", "    ")))
    items = [draw(item(body, pad)) for body in bodies]
    inner = "".join(_indented(draw(COMMENT), pad) + text for text in items)
    version = draw(st.sampled_from(("v1", "v1beta1", "v1alpha1")))
    fields = [f"apiVersion: config.kubernetes.io/{version}\n", "kind: ResourceList\n", f"items:{draw(_TAIL)}{inner}"]
    fields += draw(st.sampled_from(([], ["functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  data: {}\n"])))
    fields += draw(st.sampled_from(([], ["results: []\n"])))
    text = draw(COMMENT) + draw(st.sampled_from(("", "---\n"))) + "".join(draw(st.permutations(fields)))
    return Written(text, items)


_TAIL = st.sampled_from(("\n", " # all of them\n", "\n\n"))


def _indented(text: str, pad: str) -> str:
    return "".join(f"{pad}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


@st.composite
def packages(draw: st.DrawFn) -> list[Body]:
    """The bodies of one small cluster among objects that nobody wants."""
    bodies = draw(worlds())
    bodies += [draw(config_map(number)) for number in range(draw(st.integers(0, 3)))]
    return list(draw(st.permutations(bodies)))
