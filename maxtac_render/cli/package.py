"""A package of objects that somebody hands over and takes back: policies are rendered from it, and put into it.

Policies of ours that are in it already keep their places: their text where nothing about them changes, and in any case
what an orchestrator noted on them. New ones come last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from maxtac_render import compiler
from maxtac_render.cli import compilation
from maxtac_render.cli.compilation import Look
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import ADDRESS, inputs
from maxtac_render.cli.values import moment
from maxtac_render.engine.lifetime import Anchor
from maxtac_render.manifests.read import read
from maxtac_render.manifests.resourcelist import ResourceList
from maxtac_render.manifests.wanted import INTENTS, wanted
from maxtac_render.model import policy as model
from maxtac_render.model.diagnostics import Code, Diagnostic, Report
from maxtac_render.model.objects import ObjectRef, Origin, Resource
from maxtac_render.model.options import Options
from maxtac_render.model.orchestration import INDEX, PATH, history, is_bookkeeping
from maxtac_render.model.ownership import Present
from maxtac_render.model.policy import Policy
from maxtac_render.sinks.directory import path_of
from maxtac_render.sources import STDIN
from maxtac_render.sources.selection import Selection
from maxtac_render.wire.metadata import annotations_of

_POLICY = (model.API_VERSION, model.KIND)
WANTED = wanted(*INTENTS.kinds, _POLICY)
"""What matters in a package."""

Exclusion = Callable[[Resource], bool]
"""Tells whether an object is left out."""


class Rendering(NamedTuple):
    """What a package yields, and the policies in the package whose place it takes."""

    output: compiler.Output
    replaced: Sequence[Present] = ()


def render(package: ResourceList, options: Options, report: Report) -> Rendering:
    """Compile the objects of a package."""
    stream = package.stream()
    resources = read(stream, STDIN, report, named=True, wanted=WANTED)
    rendering = compiled(resources, options, report, _exclusion(package, options))
    if rendering.replaced:
        _require_items(rendering.replaced, report)
    if ADDRESS.encode() in stream:
        compilation.heed({STDIN: stream}, Look(), rendering.output, report)
    return rendering


def _require_items(replaced: Sequence[Present], report: Report) -> None:
    """Report policies that would have to be taken out of a list that is an item itself."""
    from maxtac_render.manifests.edit import edit_at  # noqa: PLC0415 - a first run does not pay

    for present in replaced:
        if edit_at(present.origin, (), "remove").path:
            report.add(Code.STUCK_OBJECT, present, (), reason="it stands in a list within the package")


def generate(sources: Sequence[str], options: Options, report: Report, console: Console) -> Rendering:
    """Compile files. Raises SourceFault for what cannot be read."""
    run = compilation.compiled(inputs(sources, options, report), options, report, console, Look())
    return Rendering(run.output)


def compiled(
    resources: Iterable[Resource], options: Options, report: Report, excluded: Exclusion = lambda _resource: False
) -> Rendering:
    """Compile the objects of a package, policies of before among them; each knows what a build called it before.

    Of those that are excluded only policies matter that have the name of a rendered one.
    """
    found = [resource._replace(history=history(annotations_of(resource.body))) for resource in resources]
    others = (resource for resource in found if resource.ref[:2] != _POLICY and not excluded(resource))
    output = compiler.compile_intents(others, options, report, _anchor(options))
    rendered = {(policy.namespace, policy.name) for policy in output.policies}
    policies = (resource for resource in found if resource.ref[:2] == _POLICY)
    present = (each for each in policies if _place(each.ref, options) in rendered or not excluded(each))
    return Rendering(output, compiler.replaced(present, output, options, report))


def _exclusion(package: ResourceList, options: Options) -> Exclusion:
    """Tells whether an object of a package is in a file that is excluded."""
    selection = Selection(options.exclude)
    if not options.exclude:
        return lambda _resource: False
    return lambda resource: selection.excludes(package.items[resource.origin.document].place[0])


def _place(ref: ObjectRef, options: Options) -> tuple[str, str]:
    return ref.namespace or options.namespace, ref.name


def _anchor(options: Options) -> Anchor | None:
    if not options.anchor:
        return None
    start = moment(options.anchor)
    return lambda _origin: start


def located(found: Iterable[Diagnostic], package: ResourceList) -> Iterator[Diagnostic]:
    """Findings with the files that their objects came from; in which line of these they stand nobody knows."""

    def move(origin: Origin) -> Origin:
        if origin.path != STDIN:
            return origin
        return Origin(*package.items[origin.document].place, 0, origin.places)

    return (diagnostic.moved(move) for diagnostic in found)


def put(package: ResourceList, rendering: Rendering, options: Options) -> list[str]:
    """The items of a package, with the policies in their places."""
    items = [item.text for item in package.items]
    new = {(policy.namespace, policy.name): policy for policy in rendering.output.policies}
    changed: dict[int, Policy] = {}
    for present in rendering.replaced:
        number, body = present.origin.document, present.resource.body
        policy = new.pop(_place(present.ref, options), None)
        if policy is None:
            items[number] = ""
        elif not _says(body, policy):
            books = ((key, value) for key, value in annotations_of(body).items() if is_bookkeeping(key))
            changed[number] = _annotated(policy, books)
    filed = _filed(new.values(), package, options) if new else ()
    texts = map(package.item, compiler.yaml_documents([*changed.values(), *filed]))
    for number in changed:
        items[number] = next(texts)
    return [*items, *texts]


def _annotated(policy: Policy, more: Iterable[tuple[str, Any]]) -> Policy:
    texts = ((key, value) for key, value in more if isinstance(value, str))
    return policy._replace(annotations=tuple(sorted((*policy.annotations, *texts))))


def _says(body: Mapping[str, Any], policy: Policy) -> bool:
    """Tell whether an object is a policy as it is rendered, whatever an orchestrator noted on it."""
    books = {key: value for key, value in annotations_of(body).items() if is_bookkeeping(key)}
    (rendered,) = compiler.bodies([_annotated(policy, books.items())])
    return json.dumps(body, sort_keys=True) == json.dumps(rendered, sort_keys=True)


def _filed(policies: Iterable[Policy], package: ResourceList, options: Options) -> Iterator[Policy]:
    """New policies with the files that they go to; in one that is there already they come behind all that is in it."""
    next_of: dict[str, int] = {}
    for item in package.items:
        file, index = item.place
        next_of[file] = max(next_of.get(file, 0), index + 1)
    for policy in policies:
        file = path_of(policy.namespace, policy.name, options.layout)
        index = next_of.get(file, 0)
        next_of[file] = index + 1
        yield _annotated(policy, ((PATH, file), (INDEX, str(index))))
