"""The house stands: a room imports from lower floors and its own folder only, and few rooms know the outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "maxtac_render"
FLOORS = {
    "model": 0,
    **dict.fromkeys(("manifests", "wire", "frontends", "engine", "analysis"), 1),
    **dict.fromkeys(("compiler", "build"), 2),
    "assembly": 2.5,  # compiles, and is used by all that asks what policies mean
    "suggesting": 2.7,  # compiles what it suggests, and judges it
    **dict.fromkeys(("sinks", "reports", "live", "argocd", "bundle"), 3),
    "sources": 3.5,  # a cluster is one of them
    "watch": 3.7,  # what one command runs
    "cli": 4,
    **dict.fromkeys(("krm", "__main__"), 5),
}
OUTSIDE = {  # who else may import what
    "yaml": {"manifests"},
    "ruamel": {"manifests"},
    "click": {"cli", "__main__"},
    "kubernetes": {"live.access"},
}
IMPURE = {"time", "random", "os", "pathlib", "io", "tempfile", "shutil", "subprocess", "socket", "asyncio", "logging"}
IMPURE_CALLS = {"open", "input", "print", "now", "today", "utcnow"}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package, named from the package on."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if name != "__init__":
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    """What a module imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_a_room_imports_from_lower_floors_and_its_own_folder(name: str, path: Path) -> None:
    """No import leads up, or sideways into another room."""
    room = name.split(".", maxsplit=1)[0]
    for imported in imports(path):
        if not imported.startswith("maxtac_render."):
            continue
        other = imported.split(".")[1]
        if other in FLOORS:
            assert other == room or FLOORS[other] < FLOORS[room], f"{name} imports {imported}"


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_few_rooms_know_the_outside(name: str, path: Path) -> None:
    """YAML, click and kubernetes each have their rooms, and under floor 3 nothing reads a clock, a file or more."""
    room = name.split(".", maxsplit=1)[0]
    for imported in imports(path):
        library = imported.split(".")[0]
        rooms = OUTSIDE.get(library, {room})
        assert room in rooms or name in rooms, f"{name} imports {library}"
        assert FLOORS[room] >= 3 or library not in IMPURE, f"{name} imports {library}"
    if FLOORS[room] < 3:
        called = {
            getattr(node.func, "attr", getattr(node.func, "id", ""))
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        }
        assert not called & IMPURE_CALLS, f"{name} calls {called & IMPURE_CALLS}"


def test_every_module_says_what_it_is() -> None:
    """The first line of a module is a sentence."""
    for name, path in modules():
        docstring = ast.get_docstring(ast.parse(path.read_text()))
        assert docstring, name
        assert docstring.splitlines()[0].rstrip(".:").strip(), name
