"""The command line of ``maxtac watch``: what its options become, and what is wrong usage."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from maxtac_render.cli import watch
from maxtac_render.live.bell import Calm
from maxtac_render.live.probes import Address
from maxtac_render.model.names import is_object_name, lease_name
from maxtac_render.watch.service import Surroundings
from maxtac_render.watch.settings import Settings


def _made(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Settings, Surroundings]:
    """What a command line becomes."""
    made: list[tuple[Settings, Surroundings]] = []

    def run(given: dict[str, object]) -> int:
        made.append((watch._settings(given), watch._surroundings(given, "here")))
        return 0

    monkeypatch.setattr(watch, "_run", run)
    done = CliRunner().invoke(watch.command, [*arguments, "--no-config"], standalone_mode=False)
    assert done.exception is None, done.exception
    return made[0]


def test_what_nobody_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults are those of the help page."""
    settings, around = _made(monkeypatch, "--set", "prod")
    assert settings == Settings(settings.options)
    assert (settings.options.set, settings.options.now, settings.options.expired) == ("prod", None, "isolate")
    assert around.lease == ("here", "maxtac-render-prod")
    assert (around.health, around.metrics) == (Address("127.0.0.1", 8081), Address("127.0.0.1", 8080))
    assert around.calm == Calm(0.3, 2.0)
    assert len(around.only) == 4
    assert around.timeout == 60


def test_what_somebody_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option becomes what it says."""
    words = "--set prod -n shop --shadow --no-prune --prune-limit 3 --allow-empty --expired delete --kinds access"
    words += " --debounce 5s --no-leader-election --health-address 0 --metrics-address [::1]:9 --request-timeout 5"
    settings, around = _made(monkeypatch, *words.split())
    expected = Settings(settings.options, "shop", False, 3, allow_empty=True, expired="delete", shadow=True)
    assert settings == expected
    assert around.lease is None
    assert (around.health, around.metrics) == (None, Address("::1", 9))
    assert around.calm == Calm(5.0, 5.0)
    assert [kind.kind for kind in around.only] == ["Access"]
    assert around.timeout == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--no-config", "name the set with --set"),
        ("--set prod --kinds Acess", "did you mean Access?"),
        ("--set prod --health-address 8081", "is not HOST:PORT"),
        ("--set prod --health-address :0", "is not HOST:PORT"),
        ("--set prod --metrics-address :99999", "is not HOST:PORT"),
        ("--set prod --expired never", "never"),
        ("--set prod --prune-limit -1", "-1"),
        ("--set prod/x", "prod/x"),
        ("--set prod -n Shop", "Shop"),
        ("--set prod --debounce soon", "soon is not a length of time"),
    ],
)
def test_wrong_usage(arguments: str, words: str) -> None:
    """It is said before anything is reached."""
    done = CliRunner().invoke(watch.command, arguments.split())
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize("name", ["prod", "Prod_1.x", "A", "x" * 63])
def test_every_set_has_a_lease_of_its_own(name: str) -> None:
    """Its name is one that the API server takes."""
    assert is_object_name(lease_name(name))
    assert lease_name(name) != lease_name(name.lower() + "y")
