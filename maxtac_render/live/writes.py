"""Makes changes in a cluster: creates, then patches, then deletes, many at once, and says of each what became of it.

Every write says by what it goes (uid and resource version), so that it fails where somebody was faster; then the policy
is read again, and decided about again. Nothing is forced. A write that got no answer may have been heard all the same:
it is not repeated before the policy has been read.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from maxtac_render.engine.pruning import after_failures
from maxtac_render.engine.settling import Foreign, Name
from maxtac_render.live.client import Answer, Client, backoff
from maxtac_render.live.faults import ClusterFault, Refused, Status, Unreachable, Withheld
from maxtac_render.live.kinds import NETWORK_POLICIES
from maxtac_render.live.objects import stored
from maxtac_render.live.outcomes import Outcome, Result, Why
from maxtac_render.model.changes import Action, Change
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.stored import Stored
from maxtac_render.wire import jsonpatch, networkpolicy

MANAGER = "maxtac-render"
"""As whom the fields of policies are written."""

CONCURRENCY = 16
MOST_CONCURRENCY = 32
"""How many writes are under way at once, and at most: more do not make an API server faster."""

ANSWERED_WITHIN = 10.0
"""Seconds in which a write is answered, or else counts as unanswered; for the client that writes."""

ATTEMPTS = 5
"""How often a write is tried before it may be given up."""

LONGEST_PAUSE, MOST_PAUSE = 10.0, 30.0
"""Seconds between two attempts, where the server does not ask for more, and where it does."""

_TOO_LARGE = "etcdserver: request is too large"
_ALTERED = "the API server stored something else than was sent; an admission webhook or policy changes it"
UNKNOWN = 401
"""The answer to credentials that are not accepted, also after they were got anew."""

TERMINATING = "NamespaceTerminating"
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')

Decide = Callable[[Applied | None, Stored | None], Change | Foreign | None]
"""Decides again about a policy: what is wanted (None: nothing), and what is there by now."""


class Manner(NamedTuple):
    """How to write: how many at once, and with ``dry`` only to try.

    ``patience`` is for how many seconds a write that is throttled or not answered is tried, however often that is.
    With ``disown`` a change takes the owner references away.
    """

    concurrency: int = CONCURRENCY
    dry: bool = False
    patience: float = 0.0
    disown: bool = False


USUAL = Manner()


def _always() -> bool:
    return True


def _unheard(_action: Action, _code: int, _attempt: int) -> None:
    """Nobody listens."""


class Guard(NamedTuple):
    """What may end the writing. ``stop`` lets what is under way end; ``fence`` is asked before every write.

    ``heard`` is told of every answer: the action, the code (0: none came), and which attempt it was, from 0.
    """

    stop: threading.Event
    fence: Callable[[], bool] = _always
    heard: Callable[[Action, int, int], None] = _unheard


class Writer:
    """Writes to one cluster over a client whose timeout is that of a write. Not for several threads at once.

    It remembers what the API server refuses for what it says, and does not send that again until it says something
    else.
    """

    def __init__(self, client: Client, decide: Decide, manner: Manner = USUAL, guard: Guard | None = None) -> None:
        self._desk = _Desk(client, decide, manner, guard or Guard(threading.Event()))
        self._pool = ThreadPoolExecutor(max(1, min(manner.concurrency, MOST_CONCURRENCY)), "write")

    def close(self) -> None:
        """Let go of the threads; what is under way ends first."""
        self._pool.shutdown()

    def execute(
        self,
        changes: Iterable[Change],
        present: Mapping[ObjectRef, Stored],
        seen: Collection[Name] = (),
        proceed: Callable[[], bool] = _always,
    ) -> Outcome:
        """Make changes to the policies that are present; deletes last, and only if then ``proceed`` says so.

        A delete whose cause was not ``seen`` to go is not made where a create or a patch for the same pods failed.
        """
        every = list(changes)
        results: dict[ObjectRef, Result] = {}
        self._desk.barred = None
        for action in ("create", "patch"):
            self._phase([each for each in every if each.action == action], present, results)
        unmade = [result.change for result in results.values() if result.state != "done"]
        going, staying = after_failures((each for each in every if each.action == "delete"), unmade, seen)
        for each in staying:
            results[each.ref] = Result(each, "skipped", Why.GROUP, "what may take its place could not be written")
        if going and self._desk.ended() is None and not proceed():
            for each in going:
                results[each.ref] = Result(each, "skipped", Why.CHANGED, "the input has changed meanwhile")
        else:
            self._phase(going, present, results)
        return Outcome(tuple(results[each.ref] for each in every))

    def _phase(
        self, changes: Sequence[Change], present: Mapping[ObjectRef, Stored], results: dict[ObjectRef, Result]
    ) -> None:
        """Make changes of one sort, and wait for the last of them."""
        futures = [self._pool.submit(_made, self._desk, each, present.get(each.ref)) for each in changes]
        for each, future in zip(changes, futures, strict=True):
            results[each.ref] = future.result()


class _Desk:
    """What all writes share. Whoever is told to wait makes all wait."""

    def __init__(self, client: Client, decide: Decide, manner: Manner, guard: Guard) -> None:
        self.client = client
        self.decide = decide
        self.manner = manner
        self.guard = guard
        self.refused: dict[ObjectRef, tuple[object, Result]] = {}
        """What was refused for what it says, by that, and the outcome."""
        self.barred: tuple[Why, str] | None = None
        """Why no other write is worth trying, as far as that is known."""
        self.answered = 0.0
        """When the server last took a write, or refused one for good."""
        self._warned: set[tuple[ObjectRef, str]] = set()
        self._lock = threading.Lock()
        self._until = 0.0

    def ended(self) -> tuple[Why, str] | None:
        """Why nothing may be written any more; None as long as something may."""
        if self.guard.stop.is_set():
            return Why.STOPPED, "interrupted"
        if self.barred is not None:
            return self.barred
        return None if self.guard.fence() else (Why.FENCED, "another replica may write by now")

    def slow(self, seconds: float) -> None:
        """Let nobody write for a time."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def wait(self, seconds: float = 0.0) -> None:
        """Wait a time of one's own, and as long as all have to; less when everything is to end."""
        self.guard.stop.wait(seconds)
        while (left := self._until - time.monotonic()) > 0 and not self.guard.stop.wait(left):
            pass

    def fresh(self, ref: ObjectRef, warnings: Iterable[str]) -> tuple[str, ...]:
        """Those warnings about an object that were not told yet."""
        with self._lock:
            fresh = tuple(text for text in dict.fromkeys(warnings) if (ref, text) not in self._warned)
            self._warned.update((ref, text) for text in fresh)
        return fresh


def _made(desk: _Desk, change: Change, present: Stored | None) -> Result:
    """Make a change. What the API server has refused before, and what nothing has changed in since, is not sent."""
    known = desk.refused.get(change.ref)
    if known is not None and change.after is not None and known[0] == _said(change.after):
        return known[1]._replace(change=change)
    try:
        return _Write(desk, change, present).made()
    except Exception as error:
        return Result(change, "failed", Why.INTERNAL, f"{type(error).__name__}: {error}")


def _said(applied: Applied) -> tuple[object, ...]:
    """What a write of a policy says, whatever it was made for."""
    return applied.policy[:7]


class _Write:
    """One change on its way: made, or given up with a reason."""

    def __init__(self, desk: _Desk, change: Change, present: Stored | None) -> None:
        self._desk = desk
        self._asked = change
        self._change = change
        self._present = present
        self._attempt = 0
        self._began = time.monotonic()
        self._last: Result | None = None
        """What came of the last attempt."""
        bare = present is not None and not present.applied.policy.annotations
        self._unclear = bare and change.after is not None
        """Whether the policy has to be read first; also where others' annotations may be left out of what we know."""
        self._malformed: tuple[Refused, Stored] | None = None
        """What was refused for what it says, and by which state it went."""

    def made(self) -> Result:
        """Make it, in as many attempts as it takes and as there may be."""
        while True:
            self._desk.wait()
            result = self._ended() or self._tried()
            if result is not None:
                return result
            self._attempt += 1

    def _ended(self) -> Result | None:
        """What is to be said where nothing may be written any more: what came of the last attempt, if there was one."""
        ended = self._desk.ended()
        return ended and (self._last or Result(self._asked, "skipped", *ended))

    def _tried(self) -> Result | None:
        """One attempt; None where another one is due."""
        try:
            if self._unclear and (known := self._read() or self._ended()):
                return known
            answer = self._answered()
            altered = self._is_altered(answer)
        except Refused as fault:
            return self._refusal(fault)
        except Unreachable as fault:
            return self._unanswered(Why.UNANSWERED, fault)
        except Withheld as fault:
            return self._ended() or self._failed(Why.FENCED, fault)
        except ClusterFault as fault:
            return self._failed(Why.FORBIDDEN, fault)
        self._desk.answered = time.monotonic()
        self._desk.refused.pop(self._asked.ref, None)
        warnings = self._desk.fresh(self._asked.ref, _warnings(answer))
        done = Result(self._asked, "done", code=answer.status, warnings=warnings)
        return done._replace(state="failed", why=Why.ALTERED, message=_ALTERED) if altered else done

    def _is_altered(self, answer: Answer) -> bool:
        """Tell whether the API server took a policy and stored another one, which may allow anything."""
        after = self._change.after
        if after is None:
            return False
        body = answer.json()
        if isinstance(body, dict) and body.get("spec") == networkpolicy.body(after.policy)["spec"]:
            return False
        found = stored(body, Origin(""), Report()) if isinstance(body, dict) else None
        return self._desk.decide(self._asked.after, found) is not None

    def _answered(self) -> Answer:
        """Send the write, and tell whoever listens what was answered."""
        code = 0
        try:
            answer = self._send()
            if "json" not in answer.headers.get("content-type", ""):
                raise Unreachable("an answer that is no JSON: what answered is no API server")
            code = answer.status
        except Refused as fault:
            code = fault.status.code
            raise
        finally:
            self._desk.guard.heard(self._change.action, code, self._attempt)
        return answer

    def _send(self) -> Answer:
        """Send what is to be done now; it says by which state it goes."""
        (_, _, namespace, name), after, present = self._change.ref, self._change.after, self._present
        send, manner = self._desk.client.send, self._desk.manner
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if manner.dry else {})}
        if present is None:
            assert after is not None, "a delete of nothing"  # noqa: S101 - a wrong program
            return send("POST", NETWORK_POLICIES.path(namespace), query, networkpolicy.body(after.policy))
        path = NETWORK_POLICIES.path(namespace, name)
        if after is None:
            return send("DELETE", path, body=_preconditions(present, manner))
        states = present.applied.policy, after.policy
        owners = manner.disown and bool(present.owners)
        patch = jsonpatch.patch(*states, present.uid, present.resource_version, owners=owners)
        return send("PATCH", path, query, patch, jsonpatch.CONTENT_TYPE)

    def _refusal(self, fault: Refused) -> Result | None:
        """What comes of an answer other than yes."""
        action, present = self._change.action, self._present
        if action == "delete" and fault.status.code == 404:
            return Result(self._asked, "done", code=404)
        why = meaning(fault.status, action)
        if why in (Why.THROTTLED, Why.UNANSWERED):
            return self._unanswered(why, fault)
        self._desk.answered = time.monotonic()
        if fault.status.code == UNKNOWN:
            self._desk.barred = (why, fault.status.message or "the credentials are not accepted")
        if why is Why.INVALID and action == "patch" and present is not None:
            self._malformed, why = (fault, present), Why.CONFLICT
        if why is Why.CONFLICT:
            return self._conflict(fault)
        return self._remembered(fault) if why is Why.INVALID else self._failed(why, fault)

    def _conflict(self, fault: Refused) -> Result | None:
        """Somebody was faster: decide again by what is there now."""
        self._last = self._failed(Why.CONFLICT, fault)
        if self._attempt >= ATTEMPTS:
            return self._last
        if self._attempt:
            self._desk.wait(backoff(self._attempt, longest=LONGEST_PAUSE))
        self._unclear = True
        return None

    def _unanswered(self, why: Why, fault: ClusterFault) -> Result | None:
        """Try again later. What was not refused may have been done: then the policy is read first.

        When the time is over in which the server has answered nobody, no other write is tried.
        """
        self._last = self._failed(why, fault)
        tired = time.monotonic() - self._began >= self._desk.manner.patience
        if self._attempt + 1 >= ATTEMPTS and tired:
            if self._desk.answered < self._began:
                self._desk.barred = (why, self._last.message)
            return self._last
        pause = backoff(self._attempt, longest=LONGEST_PAUSE)
        if why is Why.THROTTLED:
            wanted = fault.status.retry_after if isinstance(fault, Refused) else None
            self._desk.slow(pause if wanted is None else min(wanted, MOST_PAUSE))
        else:
            self._unclear = True
        self._desk.wait(pause)
        return None

    def _read(self) -> Result | None:
        """Read the policy, and decide again; None where there is still something to be done."""
        ref = self._asked.ref
        try:
            answer = self._desk.client.send("GET", NETWORK_POLICIES.path(ref.namespace, ref.name))
        except Refused as fault:
            if fault.status.code != 404:
                raise
            found = None
        else:
            found = stored(answer.json(), Origin(""), Report())
            if found is None:
                return self._foreign("a policy of that name is there, and not understood")
        self._unclear = False
        return self._decided(found)

    def _decided(self, found: Stored | None) -> Result | None:
        """Go by another state from now on; what comes of it where nothing is to be done any more."""
        known, wanted = self._present, self._asked.after
        if self._malformed is not None and found is not None and found[1:3] == self._malformed[1][1:3]:
            return self._remembered(self._malformed[0])
        if wanted is None and found is not None and known is not None and found.uid != known.uid:
            return self._foreign("it is another object by now", found)
        match self._desk.decide(wanted, found):
            case None:
                return Result(self._asked, "done")
            case Foreign():
                return self._foreign("a policy of that name is there, and not ours to write", found)
            case Change() as change:
                self._change, self._present = change, found
                return None

    def _foreign(self, message: str, found: Stored | None = None) -> Result:
        return Result(self._asked, "skipped", Why.FOREIGN, message, found=found)

    def _remembered(self, fault: Refused) -> Result:
        """The API server will not take this as long as it says the same."""
        result = self._failed(Why.INVALID, fault)
        if self._asked.after is not None:
            self._desk.refused[self._asked.ref] = (_said(self._asked.after), result)
        return result

    def _failed(self, why: Why, fault: ClusterFault) -> Result:
        if not isinstance(fault, Refused):
            return Result(self._asked, "failed", why, str(fault))
        status = fault.status
        return Result(self._asked, "failed", why, status.message or status.reason or str(fault), status.code)


def meaning(status: Status, action: Action) -> Why:
    """What a refusal of a write means: whether it is tried again, after a pause or a look, or not at all.

    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/, and what API servers were seen to answer.
    """
    match status.code:
        case 429 | 503 | 504:
            return Why.THROTTLED
        case 409:
            return Why.CONFLICT
        case 404:
            return Why.CONFLICT if action == "patch" else Why.NAMESPACE
        case 401 | 403:
            return Why.NAMESPACE if TERMINATING in status.causes else Why.FORBIDDEN
        case code if code >= 500 and _TOO_LARGE not in status.message:
            return Why.UNANSWERED
        case _:
            return Why.INVALID


def _preconditions(present: Stored, manner: Manner) -> dict[str, Any]:
    """What a delete says: which object, in which state."""
    preconditions = {"uid": present.uid, "resourceVersion": present.resource_version}
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
    return {**options, "dryRun": ["All"]} if manner.dry else options


def _warnings(answer: Answer) -> list[str]:
    """What the API server warns of in an answer (RFC 7234, section 5.5)."""
    return [re.sub(r"\\(.)", r"\1", text) for text in _WARNING.findall(answer.headers.get("warning", ""))]
