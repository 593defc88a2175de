"""The options of the compiler as flags: every one is there, and every wrong value is wrong usage."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import pytest

from maxtac_render.cli import parameters
from maxtac_render.cli.render import command
from maxtac_render.model import options as model
from maxtac_render.model.diagnostics import Code, Severity

if TYPE_CHECKING:
    from maxtac_render.cli.parameters import Manner


def given(*arguments: str) -> click.Context:
    return command.make_context("render", list(arguments))


def options(*arguments: str) -> model.Options:
    return parameters.options(given(*arguments).params)


def manner(*arguments: str) -> Manner:
    with given(*arguments) as context:
        return parameters.manner(context.params)


def test_every_option_is_a_flag_with_its_help() -> None:
    """Each row of the options' table is an option of the command, under its own name, with its help."""
    flags = {name: parameter for parameter in command.params for name in parameter.opts}
    for option in model.OPTIONS:
        flag = flags[option.flag]
        assert isinstance(flag, click.Option)
        assert (flag.help or "").startswith(option.help)


def test_defaults_are_those_of_the_model() -> None:
    """Without flags the options are the model's defaults, but for the moment, which is now."""
    found = options()
    assert found.now is not None
    assert abs((datetime.now(UTC) - found.now).total_seconds()) < 60
    assert found._replace(now=None) == model.Options()


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (("-n", "shop"), "namespace", "shop"),
        (("--set", "prod.eu_1"), "set", "prod.eu_1"),
        (("--compat", "controller"), "compat", "controller"),
        (("--names", "short"), "names", "short"),
        (("--annotations", "narrow"), "annotations", "narrow"),
        (("--expired", "remove"), "expired", "remove"),
        (("--mirror-namespaces", "a, b", "--mirror-namespaces", "b,c"), "mirror_namespaces", ("a", "b", "c")),
        (("--mirror-namespaces", ""), "mirror_namespaces", ()),
        (("--baseline", "dns", "--baseline", "dns"), "baseline", ("dns",)),
        (("--now", "2027-01-31T12:00:00+02:00"), "now", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        (("--anchor", "git"), "anchor", "git"),
        (("--anchor", "2027-01-31T12:00:00Z"), "anchor", "2027-01-31T12:00:00Z"),
        (("--exclude", "a,{b}", "--exclude", "c/"), "exclude", ("a,{b}", "c/")),
    ],
)
def test_values(arguments: tuple[str, ...], field: str, value: object) -> None:
    """Each flag gives its option the value that it spells."""
    assert getattr(options(*arguments), field) == value


def test_severities_the_last_one_counts() -> None:
    """Severities are collected, and a later one for the same finding replaces the earlier."""
    found = options("--severity", "missing-target=off", "--severity", "expired=error", "--severity", "expired=info")
    assert found.severity == {Code.MISSING_TARGET: Severity.OFF, Code.EXPIRED: Severity.INFO}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--severity", "mising-target=off"), "no finding mising-target; did you mean missing-target?"),
        (("--severity", "missing-target=warn"), "no severity warn; did you mean warning?"),
        (("--severity", "missing-target"), "is not ID=LEVEL"),
        (("--now", "2027-01-31"), "is not an RFC 3339 time"),
        (("--now", "2027-01-31T12:00:00"), "is not an RFC 3339 time"),
        (("--now", "2027-02-30T12:00:00Z"), "is not an RFC 3339 time"),
        (("--anchor", "svn"), "is neither git nor an RFC 3339 time"),
        (("--baseline", "dns,ntp"), "ntp is none of dns"),
        (("--mirror-namespaces", "a,B"), "is not a namespace's name"),
        (("-n", ""), "is not a namespace's name"),
        (("-n", "kube_system"), "is not a namespace's name"),
        (("--set", "a b"), "is not a label's value"),
        (("--set", ""), "is not a label's value"),
        (("--compat", "v1"), "'v1' is not one of"),
    ],
)
def test_wrong_values_are_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    """A value that an option does not take is refused before anything is read, with what is meant."""
    with pytest.raises(click.UsageError) as caught:
        given(*arguments)
    assert message in caught.value.format_message()


def test_manner() -> None:
    """How a command talks is one record."""
    assert manner() == parameters.Manner()
    spoken = manner("--fail-on", "never", "--colour", "always", "-v")
    assert spoken == parameters.Manner(None, "always", quiet=False, verbose=True)


def test_quiet_and_verbose_exclude_each_other() -> None:
    """Nobody can be quiet and verbose."""
    with pytest.raises(click.UsageError):
        manner("-q", "-v")
