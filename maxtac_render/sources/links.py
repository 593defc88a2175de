"""Symbolic links that lead out of a directory: who lets others read it finds them before anything follows them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from maxtac_render.sources.inputs import shown, unreadable


def leaving(root: str) -> Iterator[str]:
    """The links below a directory that lead out of it, by their paths from there, made harmless to print.

    Raises SourceFault for a directory that cannot be read.
    """
    real = os.path.realpath(root)
    pending = [real]
    while pending:
        directory = pending.pop()
        try:
            with os.scandir(directory) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    if entry.is_symlink():
                        if not inside(entry.path, real):
                            yield shown(entry.path[len(real) :].lstrip("/"))
                    elif entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except OSError as error:
            raise unreadable(shown(directory), error) from error


def inside(path: str, root: str) -> bool:
    """Tell whether a path lies in a directory once all links are followed; one that cannot be does not."""
    above = os.path.realpath(root).rstrip("/")
    try:
        return f"{os.path.realpath(path)}/".startswith(f"{above}/")
    except ValueError:  # a null character
        return False
