"""Results as files below a directory: what differs is written, what is ours and no longer wanted is removed.

A file is ours when its first line is our mark; whatever else lies in the directory is left alone. Each file is written
beside its place and then moved there, so that a run that is killed leaves every file old or new, and the next run
mends the rest. Files are not forced to disk one by one (that would take minutes for 100,000 of them): after a power
failure run again.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from maxtac_render.model.errors import SinkFault
from maxtac_render.model.names import cut, is_label_name, is_object_name

if TYPE_CHECKING:
    from io import FileIO

MARK = "# Rendered by maxtac-render. Edit the intents instead: changes here are overwritten.\n"
"""The first line of every file of ours."""

Layout = Literal["policy", "namespace", "single"]

SINGLE = "networkpolicies.yaml"
SEPARATOR = "---\n"

_LONGEST_NAME = 255
_MARK = MARK.encode().rstrip()
_LEFT_OVER = re.compile(r"\.maxtac-render-[0-9a-f]{16}\.tmp")


class Plan(NamedTuple):
    """What writing would do: paths below ``directory``, sorted, with the texts that are wanted."""

    directory: str
    new: Mapping[str, str]
    changed: Mapping[str, str]
    unchanged: tuple[str, ...]
    stale: tuple[str, ...]
    left_over: tuple[str, ...]
    """Temporary files of runs that were killed."""

    @property
    def differs(self) -> bool:
        """Tell whether the directory holds anything but what is wanted."""
        return bool(self.new or self.changed or self.stale)


def arrange(documents: Iterable[tuple[str, str, str]], layout: Layout) -> dict[str, str]:
    """Spread documents (namespace, name, text) over files: relative path to content.

    A document ends in a line feed. Documents of one file keep their order, with a separator between them.
    """
    files: dict[str, list[str]] = {}
    for namespace, name, text in documents:
        files.setdefault(path_of(namespace, name, layout), []).append(text.removeprefix(SEPARATOR))
    return {path: MARK + SEPARATOR.join(texts) for path, texts in files.items()}


def path_of(namespace: str, name: str, layout: Layout) -> str:
    """The relative path of the file that holds a policy."""
    match layout:
        case "policy":
            return f"{namespace}/{_file_name(name)}"
        case "namespace":
            return _file_name(namespace)
        case "single":
            return SINGLE


def _file_name(name: str) -> str:
    plain = f"{name}.yaml"
    if len(plain) <= _LONGEST_NAME:
        return plain
    return cut(name, name, _LONGEST_NAME - len(".yaml"), digits=16) + ".yaml"


def plan(directory: str | os.PathLike[str], files: Mapping[str, str]) -> Plan:
    """Compare a directory, which need not exist, with the files that are wanted in it.

    Raises SinkFault where something that is not ours stands in the way of a wanted file (a file without the mark, a
    directory, a symbolic link), and for what cannot be read.
    """
    root = _root(directory)
    found = _Found(root)
    new: dict[str, str] = {}
    changed: dict[str, str] = {}
    unchanged: list[str] = []
    for path in sorted(files):
        content = found.content(path)
        if content is None:
            new[path] = files[path]
        elif content == files[path].encode():
            unchanged.append(path)
        else:
            changed[path] = files[path]
    stale = tuple(path for path in found.candidates if path not in files and found.is_ours(path))
    return Plan(root, new, changed, tuple(unchanged), stale, tuple(found.left_over))


def _root(directory: str | os.PathLike[str]) -> str:
    path = os.fspath(directory)
    return path.rstrip("/") or path


def write(directory: str | os.PathLike[str], files: Mapping[str, str]) -> Plan:
    """Make a directory hold the files that are wanted, and give back what that took.

    Nothing is written when something that is not ours is in the way. Writers of one directory wait for each other
    where the system can lock it. Raises SinkFault as ``plan`` does, and when writing fails.
    """
    root = _root(directory)
    _make(root)
    with _lock(root):
        todo = plan(root, files)
        _carry_out(todo)
    return todo


def _carry_out(todo: Plan) -> None:
    directory = todo.directory
    for path in todo.left_over:
        _remove(directory, path)
    made: set[str] = set()
    for path, text in (*todo.new.items(), *todo.changed.items()):
        parent = path.rpartition("/")[0]
        if parent not in made:
            _make(f"{directory}/{parent}")
            made.add(parent)
        _replace(f"{directory}/{path}", text.encode())
    for path in todo.stale:
        _remove(directory, path)
    for parent in {path.rpartition("/")[0] for path in (*todo.stale, *todo.left_over)} - {""}:
        with suppress(OSError):  # not empty
            os.rmdir(f"{directory}/{parent}")  # noqa: PTH106 - as above


def differences(todo: Plan) -> Iterator[str]:
    """What writing would change, as the lines of a unified diff, each with its line feed.

    Raises SinkFault for a file that cannot be read any more.
    """
    from difflib import unified_diff  # noqa: PLC0415 - only --check and --diff pay for it

    wanted = {**todo.new, **todo.changed}
    for path in sorted((*wanted, *todo.stale)):
        place = f"{todo.directory}/{path}"
        old = "" if path in todo.new else (_read(place) or b"").decode(errors="replace")
        before = "/dev/null" if path in todo.new else f"{place} (on disk)"
        after = f"{place} (rendered)" if path in wanted else "/dev/null"
        for line in unified_diff(_lines(old), _lines(wanted.get(path, "")), before, after):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines with their line feeds; str.splitlines would part them at other characters too."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


class _Found:
    """What a directory holds in the places where files of ours may lie: in itself, and in directories of namespaces."""

    def __init__(self, directory: str) -> None:
        self.candidates: list[str] = []
        self.left_over: list[str] = []
        self._directory = directory
        self._kinds: dict[str, int] = {}
        self._scan("")
        for name in sorted(name for name, mode in self._kinds.items() if stat.S_ISDIR(mode) and is_label_name(name)):
            self._scan(f"{name}/")
        self.candidates.sort()

    def _scan(self, below: str) -> None:
        place = f"{self._directory}/{below}"
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    path = below + entry.name
                    mode = self._kinds[path] = _kind(entry)
                    if stat.S_ISREG(mode) and _LEFT_OVER.fullmatch(entry.name):
                        self.left_over.append(path)
                    elif stat.S_ISREG(mode) and _is_place(path):
                        self.candidates.append(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _fault("read", place.rstrip("/"), error) from error

    def content(self, path: str) -> bytes | None:
        """What stands at a wanted path; None when nothing does. Raises SinkFault for what is not ours."""
        place = f"{self._directory}/{path}"
        if not _is_place(path):
            raise SinkFault(f"cannot write {place}: not a path for a namespace and a name")
        parent = path.rpartition("/")[0]
        mode = self._kinds.get(parent)
        if parent and mode is not None and not stat.S_ISDIR(mode):
            raise _in_the_way(f"{self._directory}/{parent}", mode)
        mode = self._kinds.get(path)
        if mode is None:
            return None
        content = _read(place) if stat.S_ISREG(mode) else None
        if content is None or (content and not _marked(content)):  # an empty one may be what a power failure left
            raise _in_the_way(place, mode)
        return content

    def is_ours(self, path: str) -> bool:
        """Tell whether a file begins with the mark."""
        return _marked(_read(f"{self._directory}/{path}", len(_MARK) + 2))


def _kind(entry: os.DirEntry[str]) -> int:
    """The kind of a directory entry as a file mode, from what the listing itself says."""
    if entry.is_symlink():
        return stat.S_IFLNK
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    return stat.S_IFREG if entry.is_file(follow_symlinks=False) else stat.S_IFCHR


def _is_place(path: str) -> bool:
    """Tell whether a path is one that a layout gives: ``<namespace>/<name>.yaml`` or ``<name>.yaml``."""
    parent, slash, name = path.rpartition("/")
    stem = name.removesuffix(".yaml")
    return stem != name and is_object_name(stem) and (is_label_name(parent) if slash else True)


def _marked(content: bytes) -> bool:
    line = content[: len(_MARK) + 2].splitlines()[:1]
    return line == [_MARK]


def _in_the_way(place: str, mode: int) -> SinkFault:
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFLNK: "a symbolic link", stat.S_IFREG: "a file that is not ours"}
    return SinkFault(f"cannot write {place}: {kinds.get(mode, 'a special file')} is in the way; nothing was written")


def _read(place: str, size: int = -1) -> bytes:
    try:
        with open(place, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes its time for 100,000 files
            return file.read(size)
    except OSError as error:
        raise _fault("read", place, error) from error


@contextmanager
def _lock(directory: str) -> Iterator[None]:
    """Hold a directory against other writers; the lock ends with the process, and nothing stays behind."""
    try:
        import fcntl  # noqa: PLC0415 - some systems have none
    except ImportError:
        yield
        return
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _fault("read", directory, error) from error
    try:
        with suppress(OSError):  # a file system without locks, as some network ones
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make(place: str) -> None:
    try:
        os.makedirs(place, exist_ok=True)  # noqa: PTH103 - pathlib would cost more than the rest of a small run
    except OSError as error:
        raise _fault("create", place, error) from error


def _replace(place: str, content: bytes) -> None:
    """Put a file in its place at once, with the mode of the one it replaces."""
    temporary = f"{place.rpartition('/')[0]}/.maxtac-render-{os.urandom(8).hex()}.tmp"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            with open(handle, "wb", buffering=0) as file:  # noqa: PTH123 - as above
                with suppress(FileNotFoundError):
                    os.fchmod(handle, stat.S_IMODE(os.lstat(place).st_mode))
                _put(file, content)
            os.replace(temporary, place)  # noqa: PTH105 - as above
        except BaseException:
            os.unlink(temporary)  # noqa: PTH108 - as above
            raise
    except OSError as error:
        raise _fault("write", place, error) from error


def _put(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _remove(directory: str, path: str) -> None:
    place = f"{directory}/{path}"
    try:
        os.unlink(place)  # noqa: PTH108 - as above
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _fault("remove", place, error) from error


def _fault(deed: str, place: str, error: OSError) -> SinkFault:
    reason = error.strerror or str(error)
    return SinkFault(f"cannot {deed} {place}: {reason[:1].lower()}{reason[1:]}")
