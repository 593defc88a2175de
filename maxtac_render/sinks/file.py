"""Results in one file, which holds the old text or the new one and never a part."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from maxtac_render.model.errors import SinkFault


def write(path: str, chunks: Iterable[str], access: int = 0o666) -> None:
    """Write texts as UTF-8 to a file, making the directories above it; ``access`` is the mode of a new one.

    A file is replaced at once and keeps its mode, a link stays and what it leads to is replaced, and a device or a
    pipe is written to as it is. Raises SinkFault when that fails; then a file is as it was.
    """
    try:
        mode = _mode(path)
        if path.startswith("/dev/") or (mode is not None and not stat.S_ISREG(mode)):
            with open(path, "ab") as stream:  # noqa: PTH123 - pathlib would cost more than all of this
                stream.writelines(chunk.encode() for chunk in chunks)
        else:
            _replace(os.path.realpath(path), chunks, mode, access)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SinkFault(f"cannot write {path}: {reason[:1].lower()}{reason[1:]}") from error


def _mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode  # noqa: PTH116 - as above
    except FileNotFoundError:
        return None


def _replace(place: str, chunks: Iterable[str], mode: int | None, access: int) -> None:
    """Write beside the file, then move that into its place."""
    parent = place.rpartition("/")[0]
    os.makedirs(f"{parent}/", exist_ok=True)  # noqa: PTH103 - as above
    temporary = f"{parent}/.maxtac-render-{os.urandom(8).hex()}.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, access)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - as above
            if mode is not None:
                os.fchmod(handle, stat.S_IMODE(mode))
            file.writelines(chunk.encode() for chunk in chunks)
        os.replace(temporary, place)  # noqa: PTH105 - as above
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 - as above
        raise
