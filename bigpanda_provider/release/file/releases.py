"""The releases of a release.yaml: whether they fit together, and which of them are chosen."""

from __future__ import annotations

import difflib
import graphlib
import pathlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...bigpanda.certificate import PROJECT_FILES
from ...bigpanda.events import same_hosts
from ...dataclass import dataclass
from ...errors import WrongUseError
from ..engine.stack import Kind
from ..release import Release
from .document import Document, Problem
from .entries import Entry, entries
from .variables import Substitution, Variables


@dataclass(frozen=True)
class Loaded:
    """The releases that were chosen.

    Attributes:
        releases: these; what each comes after is among them.
        parted: which release comes after which, by label, where only one of the two was chosen.
    """

    releases: list[Release]
    parted: tuple[tuple[str, str], ...] = ()

    def notes(self, kind: Kind) -> list[str]:
        """What a user should know of the releases that were not chosen: their neighbours are run without them.

        Args:
            kind: what is done; what is destroyed goes in the other direction.
        """
        chosen = {release.label for release in self.releases}
        if kind is Kind.DESTROY:
            return [
                f"{earlier} is destroyed after {later}, which is not part of this run"
                for later, earlier in self.parted
                if earlier in chosen
            ]
        return [
            f"{later} runs after {earlier}, which is not part of this run"
            for later, earlier in self.parted
            if later in chosen
        ]


def load(file: pathlib.Path, variables: Variables | None = None, only: Sequence[str] = ()) -> Loaded:
    """Read a release.yaml.

    Args:
        file: the file.
        variables: what `${NAME}` stands for in its texts.
        only: the components of the releases that are chosen; all, if empty.

    Raises:
        WrongUseError: it cannot be read, or something in it is wrong: one line for each thing; or no release is the one
            that is chosen. A variable that is not set is wrong only in a release that is chosen.
    """
    document = Document.read(file)
    replaced = Substitution.of(document.content, variables or Variables())
    found = entries(document, replaced.content, replaced.problems)
    chosen = _chosen(file, found, only)
    problems = [one for one in replaced.problems if one.path[1] in chosen]
    if problems:
        raise document.refusal(problems)
    replaced.variables.refuse_unused(frozenset(replaced.used))
    every = _Fitting(document, found).releases()
    missing = [_without_project(number, every[number].folder) for number in chosen if not _is_project(every[number])]
    if missing:
        raise document.refusal(missing)
    return _part(every, chosen)


def _is_project(release: Release) -> bool:
    return any((release.folder / name).is_file() for name in PROJECT_FILES)


def _without_project(number: int, folder: pathlib.Path) -> Problem:
    told = f": there is no Pulumi.yaml in {folder}; name the project's folder, relative to this file"
    return Problem(("releases", number, "project"), told)


def _chosen(file: pathlib.Path, found: Sequence[Entry], only: Sequence[str]) -> set[int]:
    """The numbers of the entries that are chosen."""
    components = {entry.component for entry in found}
    for name in only:
        if name not in components:
            near = difflib.get_close_matches(name, components, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the components are {', '.join(sorted(components))}"
            raise WrongUseError(f"--only {name} is not a component of {file}; {hint}")
    return {number for number, entry in enumerate(found) if not only or entry.component in only}


def _part(releases: Sequence[Release], chosen: set[int]) -> Loaded:
    """The releases that are chosen, in the order that all of them have."""
    inside = {releases[number].label for number in chosen}
    every = {release.label: release for release in releases}
    left = [replace(every[label], after=_before(every, label, inside)) for label in every if label in inside]
    parted = tuple(
        (release.label, before)
        for release in releases
        for before in release.after
        if (release.label in inside) != (before in inside)
    )
    return Loaded(left, parted)


def _before(every: Mapping[str, Release], label: str, inside: set[str]) -> tuple[str, ...]:
    """What comes before a release, of those inside; what is not inside stands for what comes before it."""
    found: dict[str, None] = {}
    for before in every[label].after:
        found.update(dict.fromkeys([before] if before in inside else _before(every, before, inside)))
    return tuple(found)


@dataclass(frozen=True)
class _Fitting:
    """Makes releases of the entries of a file."""

    document: Document
    entries: Sequence[Entry]

    def releases(self) -> list[Release]:
        """The releases, once they fit together.

        Raises:
            WrongUseError: they do not.
        """
        components = Counter(entry.component for entry in self.entries)
        labels = [e.component if components[e.component] == 1 else f"{e.component} of {e.place}" for e in self.entries]
        for number in range(len(self.entries)):
            self._refuse_twins(number)
        before = [tuple(labels[one] for one in self._after(number)) for number in range(len(self.entries))]
        try:
            graphlib.TopologicalSorter(dict(zip(labels, before, strict=True))).prepare()
        except graphlib.CycleError as error:
            number = labels.index(error.args[1][0])
            told = f"is a circular dependency: {' after '.join(error.args[1][::-1])}"
            raise self._refusal(number, "after", told) from None
        return [
            Release(
                folder=self.document.file.parent / entry.project,
                stack=entry.stack,
                component=entry.component,
                version=entry.version,
                hosts=entry.hosts,
                description=entry.description,
                owner=entry.owner,
                tags=entry.tags,
                config=entry.config,
                engine=entry.engine,
                after=after,
                label=label,
                place=f"{self.document.file}:{self.document.line_of(('releases', number, 'stack'))}",
            )
            for number, (entry, label, after) in enumerate(zip(self.entries, labels, before, strict=True))
        ]

    def _refusal(self, number: int, key: str, told: str) -> WrongUseError:
        return self.document.refusal([Problem(("releases", number, key), f" {told}")])

    def _refuse_twins(self, number: int) -> None:
        """Refuse a release that cannot be told apart from one above it."""
        entry = self.entries[number]
        for other in self.entries[:number]:
            if other.place == entry.place:
                told = f'"{entry.stack}" of this project is already released above; remove one of the two'
                raise self._refusal(number, "stack", told)
            if (other.component, other.version) == (entry.component, entry.version) and (
                entry.hosts and other.hosts and same_hosts(entry.hosts, other.hosts)
            ):
                told = f'"{entry.component}" has the same version and hosts as a release above, so BigPanda cannot '
                raise self._refusal(number, "component", f"{told}tell the two apart; change one of the three")

    def _after(self, number: int) -> list[int]:
        """The numbers of the entries that a release comes after."""
        found = []
        for name in self.entries[number].after:
            named = [i for i, other in enumerate(self.entries) if name in other.names]
            if not named:
                known = ", ".join(sorted({n for e in self.entries for n in (e.component, e.stack)}))
                told = f'names "{name}", which is not a release of this file; write one of {known}'
                raise self._refusal(number, "after", told)
            if len(named) > 1:
                places = ", ".join(self.entries[i].place for i in named)
                told = f'names "{name}", which matches several releases; write one of {places}'
                raise self._refusal(number, "after", told)
            found.append(named[0])
        return found
