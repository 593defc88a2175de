"""The programs that make manifests before us: their command lines, and the environment that they get.

An Application names one of them, and cannot name another program. What it says besides are arguments, each one word to
the program whatever it holds. Whoever may change an Application, or a file in its repository, must not get more by it
than the repository: so its arguments are those of a short list, and what an administrator wrote is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from maxtac_render.argocd.application import Application
from maxtac_render.model.errors import EnvironmentFault

SWITCHES = frozenset({"--include-crds", "--no-hooks", "--skip-crds", "--skip-schema-validation", "--skip-tests"})
VALUES = frozenset({"--api-versions", "--kube-version", "--set", "--set-json", "--set-literal", "--set-string"})
FILE = "--values"
"""What an Application may say to helm template: alone, with a value, and with a file of its repository."""

LONGEST = 100 << 20
"""Bytes that a program may print: Argo CD takes no longer an answer, unless it is told to."""

_PASSED_ON = frozenset(
    {
        *("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ"),
        *("ARGOCD_ASK_PASS_SOCK", "SSL_CERT_DIR", "SSL_CERT_FILE"),
        *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"),
        *("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS", "KUSTOMIZE_PLUGIN_HOME"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
    }
)
_CREDENTIALS = ("GIT_", "ARGOCD_GIT_")
"""What variables begin with that Argo CD sets where plugin.yaml says provideGitCreds."""


def kustomize(_application: Application, arguments: Iterable[str]) -> list[str]:
    """The command line that builds the working directory."""
    return ["kustomize", "build", ".", *arguments]


def helm(application: Application, arguments: Iterable[str]) -> list[str]:
    """The command line that fills in the chart in the working directory, as Argo CD itself does."""
    line = ["helm", "template", "--include-crds"]
    line += [f"--namespace={application.namespace}"] if application.namespace else []
    line += [f"--kube-version={application.kube_version}"] if application.kube_version else []
    line += [f"--api-versions={version}" for version in application.api_versions]
    return [*line, *arguments, "--", application.name or "release-name", "."]


COMMANDS: Mapping[str, Callable[[Application, Iterable[str]], list[str]]] = {"kustomize": kustomize, "helm": helm}
"""What makes the command line of each program."""


def allowed(program: str, arguments: Iterable[str], within: Callable[[str], str]) -> Iterator[str]:
    """The arguments that an Application says. Raises EnvironmentFault for one that it may not say.

    ``within`` gives the real path of a file of the repository, and refuses any other.
    """
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if program == "helm" and (name in SWITCHES or (name in VALUES and equals)):
            yield argument
        elif program == "helm" and name == FILE and equals:
            yield f"{name}={_one(within(value))}"
        else:
            reason = "an Application may not say it, an administrator may in plugin.yaml"
            hint = "; write --name=value" if program == "helm" and name in ("-f", *VALUES, FILE) else ""
            raise EnvironmentFault(f"argument {name} of {program}: {reason}{hint}")


def _one(path: str) -> str:
    """A path that helm takes for one: it reads the value as a line of comma-separated ones."""
    if set(path) & set(',"\n\r'):
        raise EnvironmentFault(f"argument {FILE} of helm: no comma, quote or line break may be in a path")
    return path


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What the programs get to know of our environment.

    Not what Argo CD says about the Application, which they are told by arguments, and no path to a program that is not
    absolute: the working directory is the Application's.
    """
    passed = {name: ours[name] for name in ours if name in _PASSED_ON or name.startswith(_CREDENTIALS)}
    directories = (place for place in passed.get("PATH", "").split(":") if place.startswith("/"))
    return {**passed, "PATH": ":".join(directories)}
