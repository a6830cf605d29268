"""Reading a run directory: ledger, summary and baselines become an archive, without importing any plug-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from automl.archive import Archive
from automl.core.errors import LedgerError
from automl.core.objectives import Objectives
from automl.core.records import Json
from automl.core.tracker import StudyInfo
from automl.history import History
from automl.ledger import FILE, Ledger

SUMMARY = "summary.json"
BASELINES = "baselines"


def open_archive(directory: Path) -> Archive:
    """Read a study, finished or running.

    Raises:
        LedgerError: if there is none, or it is damaged.
    """
    with Ledger.read(directory) as ledger:
        history = History(ledger.domains, study_info(ledger).objectives)
        for event in ledger.events():
            history.apply(event)
        return archive_of(ledger, history)


def archive_of(ledger: Ledger, history: History, dump: Callable[[Any], Json] = lambda json: json) -> Archive:
    """Make the read-only view of a study whose events are folded already; `dump` writes the candidates it holds."""
    return Archive(
        directory=ledger.directory,
        info=study_info(ledger),
        trials=(*history.trials, *history.unfinished()),
        summary=_summary(ledger.directory / SUMMARY),
        baselines=_baselines(ledger.directory / BASELINES),
        spent=history.spent,
        header={
            **ledger.header,
            "diagnostics": [[n, dict(numbers)] for n, numbers in history.diagnostics],
            "finals": list(history.finals),
            "ended_by": history.ended_by,
        },
        dump=dump,
    )


def study_info(ledger: Ledger) -> StudyInfo:
    """Read from a ledger's header what trackers want to know about its study."""
    config: Any = ledger.header.get("config")
    if not isinstance(config, dict):
        raise LedgerError(f"The ledger in {ledger.directory} has no configuration in its header.")
    return StudyInfo(
        name=str(ledger.header["name"]),
        space=config["space"],
        controller=config["controller"],
        trainer=config["trainer"],
        objectives=Objectives.parse(config["objectives"]),
        seed=config["seed"],
        directory=ledger.directory,
        settings=config,
        total=config.get("trials") or config.get("evaluations"),
        identity=str(ledger.header["identity"]),
    )


def _summary(path: Path) -> dict[str, Any] | None:
    try:
        summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # not finished yet, or cut short while it was written: the ledger knows everything it says
    return summary


def _baselines(directory: Path) -> dict[str, Archive]:
    if not directory.is_dir():
        return {}
    return {path.name: open_archive(path) for path in sorted(directory.iterdir()) if (path / FILE).is_file()}
