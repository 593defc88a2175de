"""What a source yields: the bytes of one file and where they lie, or a cluster that is still to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from maxtac_render.model.errors import SourceFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from maxtac_render.manifests.wanted import Wanted
    from maxtac_render.model.objects import Resource

LONGEST = 256 << 20
"""The most bytes that are read of one file. More is a fault and not a cut: half a file would mean something else."""

_CHUNK = 1 << 18


class Location(NamedTuple):
    """Where bytes lie: a file seen from the working directory, or (with a revision) that path in a commit of Git."""

    path: str
    revision: str = ""


class Input(NamedTuple):
    """One file's bytes under the path that is shown to users.

    ``named`` tells that the user named this very file, and not a directory that holds it. ``location`` is None where
    the bytes are gone once they are read: standard input, a pipe. ``passed`` tells that its documents are to come out
    again. A cluster has no bytes but ``objects``, which are read of it when somebody says which are wanted.
    """

    path: str
    data: bytes
    named: bool
    location: Location | None = None
    passed: bool = False
    objects: Callable[[Wanted], Iterator[Resource]] | None = None


def shown(path: str) -> str:
    """A path that can be printed anywhere: control characters, and bytes that are no UTF-8, escaped."""
    if path.isprintable():
        return path
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in path)


def read(stream: BinaryIO, path: str) -> bytes:
    """All of a stream; ``path`` is how it is shown.

    Raises SourceFault when it cannot be read, and when it is longer than LONGEST.
    """
    chunks: list[bytes] = []
    left = LONGEST
    try:
        while chunk := stream.read(_CHUNK):
            chunks.append(chunk)
            left -= len(chunk)
            if left < 0:
                raise too_long(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def too_long(path: str) -> SourceFault:
    """The fault of a file over the limit."""
    return SourceFault(f"cannot read {path}: longer than {LONGEST >> 20} MiB")


def unreadable(path: str, error: Exception) -> SourceFault:
    """The fault of a path that the system will not let us read, with its reason."""
    reason = str(error)
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    elif isinstance(error, ValueError):
        reason = "no path has such a name"  # a null character; Python's own words differ from version to version
    return SourceFault(f"cannot read {path or 'a path without a name'}: {reason[:1].lower()}{reason[1:]}")
