"""The Python interface: `automl.search`, `automl.start`, `automl.resume`, `automl.sync`.

The command line calls the same functions, so both do exactly the same.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from automl.assembly import Parts, assemble, space_from
from automl.audience import replay
from automl.callbacks import Callback, Callbacks
from automl.config import SearchConfig, make_config, read_toml
from automl.core.choices import Program
from automl.core.errors import AutomlError, LedgerError, UsageError
from automl.core.tracker import Tracker
from automl.ledger import FILE, Ledger
from automl.reading import open_archive
from automl.registry import load
from automl.running import Running
from automl.session import Session
from automl.summary import Summary, summarise
from automl.workshop import PLACE

_NONE = "none"
_PROGRAMS = "model"
"""The search space of a program that is given in the place of a name."""


def search(
    space: str | Program | None = None,
    *,
    data: Any = None,
    config: str | Path | None = None,
    trackers: Sequence[Tracker] = (),
    callbacks: Sequence[Callback] = (),
    **options: Any,
) -> Summary:
    """Search a space and return what was found.

    Args:
        space: name of a search space (`automl list` shows them); or a program of your own, a class or a function that
            takes `choose`: then the space is `model`, and the trainer `lightning` for a LightningModule, else
            `estimator`.
        data: what the trainer should train on: a name or a path, or an object (arrays, a graph, a LightningDataModule);
            None for the default data set.
        config: a TOML file with any of the options; what is given here wins over it.
        trackers: further trackers beside the console, Optuna and MLflow.
        callbacks: functions that are called with every trial that ends; one that raises `automl.StopSearch` ends the
            search, whatever else it raises does so, too, and comes out of here.
        **options: every option of `automl search` by its name: controller, trainer, objectives, trials, evaluations,
            time, cost, seed, workers, runner, limit, ray_address, cpus, gpus, set, out, optuna, mlflow, baselines,
            finalists, keep, quiet.

    Returns:
        The summary; `summary.best.load()` is the trained model.

    Raises:
        UsageError: if something is unknown or does not fit together; nothing has been searched then.
        LedgerError: if `out` exists already, or cannot be written.
    """
    parts = _prepared(space, data, config, options)
    return _run(parts, trackers, callbacks, resuming=False)


def start(
    space: str | Program | None = None,
    *,
    data: Any = None,
    config: str | Path | None = None,
    trackers: Sequence[Tracker] = (),
    callbacks: Sequence[Callback] = (),
    **options: Any,
) -> Running:
    """Start a search in a thread of its own and return at once. The arguments are those of `search`.

    Returns:
        The running search: `done`, `best` so far, `wait(timeout)` for the summary, `stop()`.

    Raises:
        UsageError, LedgerError: as `search` does before it begins; what goes wrong later comes out of `wait`.
    """
    parts, halt = _prepared(space, data, config, options), threading.Event()
    stores = _stores(parts.config)  # here: MLflow's active run is a matter of the thread
    run = partial(_run, parts, trackers, callbacks, resuming=False, halt=halt, stores=stores)
    return Running(run, Path(str(parts.config.out)), halt, read_summary)


def _prepared(space: str | Program | None, data: Any, config: str | Path | None, options: Mapping[str, Any]) -> Parts:
    """Make the parts of a new search."""
    values = read_toml(Path(config)) if config else {}
    named = isinstance(data, str | Path)
    values |= {"data": str(data)} if named else {}
    values |= {key: value for key, value in options.items() if value is not None}
    values |= _searched(space, values)
    settings = make_config(values, source=str(config) if config else "")
    if settings.out and (Path(settings.out) / FILE).exists():
        raise LedgerError(f"{settings.out} already holds a study.", f"Type: automl resume {settings.out}")
    return assemble(settings, None if named else data)


def _searched(space: str | Program | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the first argument means: the name of a space, or a program for the space of programs."""
    if space is None:
        return {}
    if isinstance(space, str):
        return {"space": space}
    return {"space": _PROGRAMS, "set": {**values.get("set", {}), "of": space}}


def resume(
    directory: str | Path,
    *,
    space: Program | None = None,
    data: Any = None,
    trackers: Sequence[Tracker] = (),
    callbacks: Sequence[Callback] = (),
    **options: Any,
) -> Summary:
    """Take up a search where it was left: interrupted, killed, or ended by its budget and now given a larger one.

    Args:
        directory: the run directory.
        space: the program that is searched, where no import leads to it: it was defined in a script or a notebook.
        data: the data object, where the search was started with one.
        trackers: further trackers.
        callbacks: as for `search`.
        **options: a larger `trials`, `evaluations`, `time` or `cost`; `quiet`, `workers`, `runner`, `limit`,
            `ray_address`, `cpus`, `gpus`.

    Raises:
        LedgerError: if there is no study, it is in use, or it was started with other data.
    """
    where = Path(directory)
    with Ledger.read(where) as ledger:
        stored: Any = ledger.header["config"]
    changeable = {"trials", "evaluations", "time", "cost", "quiet", "json", "workers", "runner", "limit", *PLACE}
    given = {key: value for key, value in options.items() if value is not None}
    if unknown := given.keys() - changeable:
        raise UsageError(
            f"'{min(unknown)}' cannot change when a search is resumed.",
            f"These can: {', '.join(sorted(changeable))}.",
        )
    if given.get("runner", stored["runner"]) != stored["runner"]:  # what was said of the places does not fit others
        stored = {key: value for key, value in stored.items() if key not in PLACE}
    values = {**stored, **given, "out": str(where)}
    if space is not None:
        values["set"] = {**stored["set"], "space.of": space}
    parts = assemble(make_config(values, source=str(where / FILE)), data)
    return _run(parts, trackers, callbacks, resuming=True)


def sync(directory: str | Path, *, optuna: str | None = None, mlflow: str | None = None) -> None:
    """Write a study into its Optuna and MLflow stores again, from its ledger; what is there already stays as it is.

    Args:
        directory: the run directory.
        optuna: another Optuna storage than that of the search.
        mlflow: another MLflow server than that of the search.
    """
    archive = open_archive(Path(directory))
    settings: Any = archive.info.settings
    config = make_config({**settings, "optuna": optuna or settings["optuna"], "mlflow": mlflow or settings["mlflow"]})
    for tracker in _stores(config, patient=True):
        replay(tracker, archive)


def _run(
    parts: Parts,
    trackers: Sequence[Tracker],
    callbacks: Sequence[Callback],
    *,
    resuming: bool,
    halt: threading.Event | None = None,
    stores: Sequence[Tracker] | None = None,
) -> Summary:
    config, halt = parts.config, halt or threading.Event()
    heard = Callbacks(callbacks, halt)
    console: Tracker = load("trackers", "console")(quiet=config.quiet or config.json_)
    try:
        everyone = [console, *(_stores(config) if stores is None else stores), *trackers, heard]
        summary = Session(parts, everyone, resuming=resuming, halt=halt).run()
    except KeyboardInterrupt:
        _interrupted(Path(str(config.out)), quiet=config.quiet)
        raise
    except AutomlError:
        with suppress(OSError):
            Path(str(config.out)).rmdir()  # if nothing has been written yet
        raise
    if heard.error is not None:
        raise heard.error
    return Summary(Path(str(config.out)), summary)


def _interrupted(directory: Path, *, quiet: bool) -> None:
    """Write the report of what was found so far; interrupted again, go without. The last line is how to go on."""
    from automl.report import write_report

    def say(line: object) -> None:
        if not quiet:
            print(line, file=sys.stderr, flush=True)

    if not (directory / FILE).exists():
        return
    try:
        say("Interrupted; everything finished is kept. Its report is written; a second interruption goes without it.")
        say(write_report(open_archive(directory)))
    except (AutomlError, OSError) as error:
        say(f"The report was not written: {error}")
    finally:
        say(f"automl resume {directory}")


def _stores(config: SearchConfig, *, patient: bool = False) -> list[Tracker]:
    """Make the trackers that write to a store, unless they are switched off with `none`.

    A patient one waits for a slow store; during a search nothing waits.
    """
    stores: Mapping[str, str | None] = {"optuna": config.optuna, "mlflow": config.mlflow}
    return [load("trackers", name)(url, patient=patient) for name, url in stores.items() if url and url != _NONE]


def read_summary(directory: str | Path) -> Summary:
    """Read the summary of a finished search, or put together that of an unfinished one."""
    archive = open_archive(Path(directory))
    return Summary(archive.directory, archive.summary or summarise(archive, space_from(archive.header)))
