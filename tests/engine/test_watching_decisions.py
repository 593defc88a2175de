"""What a watch decides without a clock of its own: deadlines, revocations, rivals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.engine import deadlines, rivalry
from maxtac_render.engine.revocations import Known, revoked
from maxtac_render.engine.rivalry import Rivalry
from maxtac_render.model.intent import Direction, Lifetime, Reading
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.ownership import MIRROR, PEER, SERVICE, SOURCE
from maxtac_render.model.policy import Policy
from maxtac_render.model.selectors import Labels, Selector

START = datetime(2027, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 10).map(lambda hours: START + timedelta(hours=hours))


def _reading(deadline: datetime | None) -> Reading:
    return Reading(ObjectRef("", "Access", "shop", "a"), (), Lifetime(deadline))


@given(st.lists(st.none() | MOMENTS), MOMENTS, MOMENTS)
def test_deadlines(ends: list[datetime | None], before: datetime, now: datetime) -> None:
    """The next one is after now; one was crossed if and only if something has become over, or is no more."""
    readings = [_reading(end) for end in ends]
    following = deadlines.following(readings, now)
    assert following == min((end for end in ends if end is not None and end > now), default=None)
    over = [(end <= before) != (end <= now) for end in ends if end is not None]
    assert deadlines.crossed(readings, before, now) == any(over)


def _policy(source: str, service: str, peer: str = "", labels: Labels = ()) -> Policy:
    notes = ((PEER, peer), (SERVICE, service), (SOURCE, source))
    return Policy("shop", "p", Selector(), Direction.ALL, (), labels, notes, None)


def _revoked(policy: Policy, *known: str, wanted: bool = True) -> bool:
    """Whether a policy goes for a cause that was seen, where these are known."""
    there = Known(
        lambda kind, place: f"{kind} {'/'.join(filter(None, place))}" in known, lambda place: "/".join(place) in known
    )
    return bool(revoked([policy], {("shop", "p")} if wanted else set(), there))


def test_a_revocation_is_certain_only_where_everything_is_known() -> None:
    """Its resource and its Service, for a mirror also the target; and it must have been wanted before."""
    policy = _policy("Access/shop/a", "shop/web", "shop/db")
    assert _revoked(policy, "Access shop/a", "shop/web")
    assert not _revoked(policy, "Access shop/a", "shop/web", wanted=False)
    assert not _revoked(policy, "Access shop/a")
    assert not _revoked(policy, "shop/web")
    mirror = _policy("ClusterAccess/a", "shop/web", "bank/db", ((MIRROR, "true"),))
    assert _revoked(mirror, "ClusterAccess a", "shop/web", "bank/db")
    assert not _revoked(mirror, "ClusterAccess a", "shop/web")
    external = _policy("ExternalAccess/shop/a", "shop/web", "10.0.0.0/8")
    assert _revoked(external, "ExternalAccess shop/a", "shop/web")
    assert _revoked(_policy("", ""))


def test_a_rival_is_noticed_and_left_alone_for_longer_each_time() -> None:
    """Repeats within a minute count; what becomes something else is written all the same."""
    watch, policy = Rivalry(), _policy("Access/shop/a", "shop/web")
    other = policy._replace(isolates=Direction.INGRESS)
    now = 1000.0
    assert not watch.wrote(policy, now)
    for rest in (60.0, 120.0, 240.0):
        said = [watch.wrote(policy, now + each) for each in range(rivalry.REPEATS)]
        assert said == [*[False] * (rivalry.REPEATS - 1), True]
        now += rivalry.REPEATS - 1
        assert watch.rests(policy, now + rest - 1)
        assert not watch.rests(other, now + rest - 1)
        assert watch.until(now) == now + rest
        now += rest
        assert not watch.rests(policy, now)
        assert watch.until(now) is None


def test_slow_repeats_are_no_conflict() -> None:
    """Somebody who changes a policy now and then is changed back, for ever."""
    watch, policy = Rivalry(), _policy("Access/shop/a", "shop/web")
    assert not any(watch.wrote(policy, 1000.0 + 20 * each) for each in range(100))


def test_what_was_taken_is_told_once() -> None:
    """Of places at which we wrote, and no others."""
    watch, policy = Rivalry(), _policy("Access/shop/a", "shop/web")
    watch.wrote(policy, 0)
    assert watch.taken([("shop", "p"), ("shop", "q")]) == [("shop", "p")]
    assert watch.taken([("shop", "p")]) == []
