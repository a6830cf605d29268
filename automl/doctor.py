"""`automl doctor`: what is installed, what an extra would add, whether plug-ins load, what the machine has.

    diagnosis = examine()
    diagnosis.healthy          # False if a requirement is missing or too old, or a plug-in is broken
    diagnosis.as_json()        # for `--json`
    show(diagnosis)            # a Rich renderable

Nothing heavy is imported: versions come from installed metadata, and a GPU is seen by its driver. Metadata
are also the better witness: a folder `mlflow/` without a Python file, as this repository has one,
can be imported as an empty package.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from automl import registry
from automl.core.errors import AutomlError, MissingExtra

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from rich.console import RenderableType

DISTRIBUTION = "automl-search"
FOR_DEVELOPERS = "dev"

State: TypeAlias = Literal["ok", "missing", "too old"]
Health: TypeAlias = Literal["ok", "needs an extra", "broken"]


@dataclass(frozen=True, slots=True)
class Package:
    """A requirement of this project, and what of it is there.

    Attributes:
        name: name of the distribution.
        wanted: versions that would do, for example `>=2.4`; empty for any.
        version: installed version, or None.
        state: whether the two agree.
    """

    name: str
    wanted: str
    version: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Extra:
    """An optional group of packages, and the command that installs it."""

    name: str
    packages: tuple[Package, ...]
    command: str

    @property
    def complete(self) -> bool:
        """Whether all its packages are there."""
        return all(package.state == "ok" for package in self.packages)


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point: where it comes from, whether it loads, and if not, why and what to do."""

    family: str
    name: str
    origin: str
    health: Health
    problem: str


@dataclass(frozen=True, slots=True)
class Place:
    """A file, folder or address that a search reads or writes."""

    what: str
    where: str
    there: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """What searches run on. `gpu` is the name of what was found, or None."""

    python: str
    system: str
    cores: int
    sqlite: str
    gpu: str | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything `automl doctor` knows."""

    version: str
    machine: Machine
    packages: tuple[Package, ...]
    extras: tuple[Extra, ...]
    plugins: tuple[Plugin, ...]
    places: tuple[Place, ...]

    @property
    def healthy(self) -> bool:
        """Whether every requirement is met and no plug-in is broken; one that needs an extra is not."""
        requirements = all(package.state == "ok" for package in self.packages)
        return requirements and not any(plugin.health == "broken" for plugin in self.plugins)

    def as_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return {"healthy": self.healthy, **dataclasses.asdict(self)}


def examine(runs: Path = Path("runs"), *, ask_torch: bool = False) -> Diagnosis:
    """Examine this installation.

    Args:
        runs: folder of the runs, where the stores of Optuna and MLflow are by default.
        ask_torch: import torch to name the GPU; slower, but sure.
    """
    required, extras = _requirements()
    return Diagnosis(
        version=_installed(DISTRIBUTION) or "not installed",
        machine=_machine(ask_torch),
        packages=required,
        extras=extras,
        plugins=tuple(_plugins()),
        places=tuple(_places(runs)),
    )


def _requirements() -> tuple[tuple[Package, ...], tuple[Extra, ...]]:
    """Read from this project's own metadata what it needs, and what each of its extras needs on top."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in metadata.requires(DISTRIBUTION) or ()]
        names = metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return (), ()
    required = _checked(r for r in wanted if _applies(r, ""))
    extras = []
    for name in sorted(set(names) - {FOR_DEVELOPERS}):
        added = [r for r in wanted if _applies(r, name) and not _applies(r, "")]
        extras.append(Extra(name, _checked(added), f"pip install '{DISTRIBUTION}[{name}]'"))
    return required, tuple(extras)


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _checked(requirements: Iterable[Requirement]) -> tuple[Package, ...]:
    found = []
    for requirement in sorted(requirements, key=lambda r: r.name):
        version = _installed(requirement.name)
        state: State = "missing"
        if version is not None:
            state = "ok" if requirement.specifier.contains(version, prereleases=True) else "too old"
        found.append(Package(requirement.name, str(requirement.specifier), version, state))
    return tuple(found)


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _plugins() -> Iterable[Plugin]:
    for family in registry.FAMILIES:
        for name, point in registry.found(family).items():
            origin = point.dist.name if point.dist else point.value
            yield Plugin(family, name, origin, *_try(family, name))


def _try(family: str, name: str) -> tuple[Health, str]:
    try:
        registry.load(family, name)
    except MissingExtra as error:
        return "needs an extra", str(error)
    except AutomlError as error:
        return "broken", str(error)
    return "ok", ""


def _places(runs: Path) -> Iterable[Place]:
    """Where results land, which the environment may redirect, and where each trainer looks for data sets."""
    yield Place("runs", str(runs), runs.is_dir())
    for what, variable, file in (
        ("Optuna", "OPTUNA_STORAGE", "optuna.db"),
        ("MLflow", "MLFLOW_TRACKING_URI", "mlflow.db"),
    ):
        named = os.environ.get(variable)
        yield Place(what, named or str(runs / file), bool(named) or (runs / file).is_file())
    for name in registry.names("trainers"):
        if _try("trainers", name)[0] == "ok":
            for folder in registry.load("trainers", name).looks_in():
                yield Place(f"data for {name}", str(folder), folder.is_dir())


def _machine(ask_torch: bool) -> Machine:
    return Machine(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        cores=_cores(),
        sqlite=sqlite3.sqlite_version,
        gpu=_gpu_by_torch() if ask_torch else _gpu_by_driver(),
    )


def _cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpu_by_driver() -> str | None:
    if Path("/proc/driver/nvidia/version").exists():
        return "NVIDIA (driver found)"
    if Path("/dev/kfd").exists():
        return "AMD (driver found)"
    return "Apple (Metal)" if sys.platform == "darwin" and platform.machine() == "arm64" else None


def _gpu_by_torch() -> str | None:
    import torch

    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name(0))
    return "Apple (Metal)" if torch.backends.mps.is_available() else None


def show(diagnosis: Diagnosis) -> RenderableType:
    """Return the diagnosis as tables for a terminal; remedies are printed only where one is needed."""
    from rich.console import Group
    from rich.text import Text

    machine = diagnosis.machine
    head = (
        f"automl {diagnosis.version}, Python {machine.python} on {machine.system}, {machine.cores} cores, "
        f"SQLite {machine.sqlite}, GPU: {machine.gpu or 'none'}"
    )
    tables = (
        _table("packages installed to-add", _package_rows(diagnosis)),
        _table("plug-in names", _plugin_rows(diagnosis)),
        _table(
            "place where state",
            ((p.what, p.where, "" if p.there else "not there yet") for p in diagnosis.places),
        ),
    )
    verdict = "Everything a search needs is here." if diagnosis.healthy else "Something is missing or broken."
    return Group(Text(head), *tables, Text(verdict, style="green" if diagnosis.healthy else "red"))


def _package_rows(diagnosis: Diagnosis) -> Iterable[tuple[str, ...]]:
    for p in diagnosis.packages:
        yield p.name, _there(p), "" if p.state == "ok" else f"pip install '{p.name}{p.wanted}'"
    for extra in diagnosis.extras:
        there = "\n".join(f"{p.name} {_there(p)}" for p in extra.packages)
        yield f"extra {extra.name}", there, "" if extra.complete else extra.command


def _there(package: Package) -> str:
    if package.state == "too old":
        return f"{package.version}, too old"
    return package.version or "missing"


def _plugin_rows(diagnosis: Diagnosis) -> Iterable[tuple[str, ...]]:
    for family in registry.FAMILIES:
        mine = [plugin for plugin in diagnosis.plugins if plugin.family == family]
        yield family.replace("_", " "), ", ".join(p.name for p in mine if p.health == "ok") or "none"
        for p in mine:
            if p.health != "ok":
                yield "", f"{p.name} from {p.origin} {p.health}: {p.problem}"


def _table(headings: str, rows: Iterable[tuple[str, ...]]) -> RenderableType:
    """Return a plain table of Text cells, because Rich would read the `[gnn]` of a command as markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings.split(), box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
