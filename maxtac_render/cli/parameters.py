"""The options of the compiler as options of a command, and those that every command has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, cast

import click

from maxtac_render.cli import values
from maxtac_render.cli.pages import Option
from maxtac_render.model import options as model
from maxtac_render.model.catalogue import CODES, Severity

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Function = TypeVar("Function", bound=Callable[..., object])

COMPILING = "What is compiled, and how"
ASSUMED = "What is assumed about the network plugin"
TALKING = "What is said, and what counts as a failure"

SHORT = {"namespace": ("-n",)}
"""The options that have a letter."""

FAIL_ON = {"error": Severity.ERROR, "warning": Severity.WARNING, "never": None}


class Manner(NamedTuple):
    """How a command talks and what makes it fail. ``fail_on`` None is never."""

    fail_on: Severity | None = Severity.ERROR
    colour: Literal["auto", "always", "never"] = "auto"
    quiet: bool = False
    verbose: bool = False


class Text(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """A value that is checked while the command line is read, so that a wrong one is wrong usage."""

    def __init__(self, option: model.Option) -> None:
        self.name = option.metavar or "|".join(option.choices)
        self._option = option
        self._parse = values.parser(option)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What the text means."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except values.Unfit as error:
            self.fail(str(error), param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        """What the help page calls the value."""
        return self.name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The words that may stand here."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for the shell

        words = [f"{name}=" for name in CODES] if self._option.name == "severity" else list(self._option.choices)
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


class Span(click.ParamType):  # type: ignore[type-arg] # as above
    """A length of time."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What the text means."""
        try:
            return values.span(value) if isinstance(value, str) else value
        except values.Unfit as error:
            self.fail(str(error), param, ctx)


def compiling(function: Function) -> Function:
    """Give a command every option of the compiler; what the command line does not say, the configuration says."""

    @wraps(function)
    def completed(**given: Any) -> object:
        from maxtac_render.cli import configuration  # noqa: PLC0415 - help pages do not pay

        return function(**configuration.complete(given, configuration.load(given)))

    return accepting(cast("Function", completed))


def reading(function: Function) -> Function:
    """Give a command whose arguments are something else the option that names its SOURCEs."""
    words = (
        "File, directory, git:REV[:PATH], live:[CONTEXT] for a cluster, or - for standard input; otherwise the working"
        " directory. Repeatable."
    )
    option = click.option(
        "-f", "--source", "sources", multiple=True, type=click.Path(), metavar="SOURCE", cls=Option, help=words
    )
    return option(function)


def assuming(function: Function) -> Function:
    """Give a command the options of what is assumed about the network plugin."""
    for option in reversed(model.ASSUMPTIONS):
        function = flag(option, ASSUMED)(function)
    return function


def accepting(function: Function) -> Function:
    """Give a command every option of the compiler, and those that choose the configuration."""
    return choosing(configured(function))


def configured(function: Function) -> Function:
    """Give a command the options that choose the configuration."""
    for names, attributes in reversed(_CHOOSING):
        function = click.option(*names, cls=Option, section=COMPILING, **attributes)(function)
    return function


def choosing(function: Function) -> Function:
    """Give a command every option of the compiler, and no configuration."""
    for option in reversed(model.OPTIONS):
        function = flag(option)(function)
    return function


_CHOOSING: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--config",),
        {
            "type": click.Path(),
            "metavar": "FILE",
            "help": "File that sets options; otherwise maxtac.yaml, here or above in the repository. Flags win.",
        },
    ),
    (("--no-config",), {"is_flag": True, "help": "Heed no maxtac.yaml."}),
)


def flag(
    option: model.Option, section: str = COMPILING, defaults: type[NamedTuple] = model.Options
) -> Callable[[Function], Function]:
    """Give a command one option, whose default is in a class of options. It is None or empty where it is not given."""
    names = (*SHORT.get(option.name, ()), option.flag, option.field)
    attributes: dict[str, Any] = {"cls": Option, "section": section, "help": option.help}
    if option.repeatable:
        attributes["help"] += " Repeatable, or between commas." if option.name in values.LISTS else " Repeatable."
        return click.option(*names, type=Text(option), multiple=True, **attributes)
    if option.choices:
        attributes["help"] += f"  [default: {defaults._field_defaults[option.field]}]"
        return click.option(*names, type=click.Choice(option.choices), **attributes)
    return click.option(*names, type=Text(option), **attributes)


def talking(function: Function) -> Function:
    """Give a command the options of how it talks."""
    for names, attributes in reversed(_TALKING):
        function = click.option(*names, cls=Option, section=TALKING, **attributes)(function)
    return function


_TALKING: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--fail-on",),
        {
            "type": click.Choice(tuple(FAIL_ON)),
            "default": "error",
            "show_default": True,
            "help": "The least severity that makes the exit code 1. Errors always keep render from writing.",
        },
    ),
    (
        ("--color", "--colour", "colour"),
        {
            "type": click.Choice(("auto", "always", "never")),
            "default": "auto",
            "show_default": True,
            "help": "Colour; auto heeds NO_COLOR, FORCE_COLOR and TERM, and leaves files and pipes plain.",
        },
    ),
    (("-q", "--quiet"), {"is_flag": True, "help": "Say only what makes the command fail."}),
    (("-v", "--verbose"), {"is_flag": True, "help": "Say what was read and made even when nobody watches."}),
)


def options(given: Mapping[str, Any]) -> model.Options:
    """The options of the compiler out of the parameters of a command. Without ``--now`` it is now."""
    chosen = {option.field: given[option.field] for option in model.SETTINGS if said(given.get(option.field))}
    for option in model.SETTINGS:
        if option.name in values.LISTS and option.field in chosen:
            chosen[option.field] = _flat(chosen[option.field])
    chosen["severity"] = dict(given["severity"])
    chosen.setdefault("now", datetime.now(UTC))
    return model.Options(**chosen)


def said(value: object) -> bool:
    """Tell whether a parameter was given: an option that is not is None or no values at all."""
    return value is not None and value != ()


def manner(given: Mapping[str, Any]) -> Manner:
    """How a command talks, out of its parameters."""
    if given["quiet"] and given["verbose"]:
        raise click.UsageError("-q and -v exclude each other", click.get_current_context())
    return Manner(FAIL_ON[given["fail_on"]], given["colour"], given["quiet"], given["verbose"])


def _flat(lists: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in lists for word in words))
