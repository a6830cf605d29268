"""What Optuna's dashboard shows of a study beside its trials: figures, notes with drawings, files.

All of it lies in attributes of the study, under names and in forms that the dashboard (0.21) reads; importing it to
write them would take two seconds.
"""

from __future__ import annotations

import json
import mimetypes
import re
import tempfile
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any

from automl.archive import Archive
from automl.assembly import space_from
from automl.core.errors import AutomlError
from automl.core.records import Trial
from automl.core.space import SearchSpace
from automl.tracking.numbers import number

MOST_NOTES = 200
"""Of so many trials, the best, the dashboard has a drawing: it reads all notes whenever it looks at a study."""
LARGEST_FILE = 64 * 2**20
"""Bytes; a larger model is not copied."""
SHOWN = ("growth", "fronts", "on_the_way", "lineage", "pareto", "trade_off", "diagnostics")
"""Sections of the report whose figures the dashboard has nothing like."""
PICTURE, MODEL = "best.svg", "best-model.zip"
_PART = 16_000  # characters of an attribute
_WIDTH = 88


@dataclass(frozen=True)
class Page:
    """What is shown.

    Attributes:
        figures: Plotly figures as JSON, by an id that is a valid name of an HTML element.
        notes: Markdown, by the number of a trial.
        files: contents, by their names; they belong to the best trial, and to the study.
        best: its number.
    """

    figures: Mapping[str, str]
    notes: Mapping[int, str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    best: int | None = None


def page_of(archive: Archive, sections: Sequence[Any], files: Mapping[str, bytes]) -> Page:
    """Put together what is to be shown of a study, finished or running."""
    space = space_from(archive.header)
    best = archive.best.number if archive.best else None
    noted = {trial.number: trial for trial in (*archive.front, *archive.ranked[:MOST_NOTES])}
    notes = {place: note(trial, archive, space) for place, trial in list(noted.items())[:MOST_NOTES]}
    return Page(dict(_figures(sections)), notes, files, best)


def _figures(sections: Sequence[Any]) -> Iterator[tuple[str, str]]:
    from automl.report.plain import plain_figure

    for section in sections:
        if section.name in SHOWN and section.figures:
            yield f"automl-{section.name}", plain_figure(section)


def note(trial: Trial, archive: Archive, space: SearchSpace[Any]) -> str:
    """Return a trial in Markdown: drawn, measured, and with its ancestors."""
    path = archive.lineage(trial.number)
    grown = f"\n\nWeights inherited along trials {' → '.join(map(str, path))}." if len(path) > 1 else ""
    rows = "".join(f"| {name} | {number(value)} |\n" for name, value in trial.metrics.items())
    drawn = drawing(space.describe(space.load(trial.candidate)))
    return f"```text\n{drawn}\n```\n\n| metric | value |\n|---|---|\n{rows}{grown}"


def drawing(text: str) -> str:
    """Return a candidate's one line as a drawing: what stands between bars one below the other, settings in a column.

    Examples:
        "8k3 12k5 | gap fc48" becomes two rows of arrows; "sgd lr=0.1 momentum=0.9" a row for each setting.
    """
    stages = text.split(" | ")
    if len(stages) > 1:
        rows = [" → ".join(stage.split()) if len(stage) < _WIDTH else stage for stage in stages]
        return "\n   ↓\n".join(rows)
    settings = re.findall(r"(\S+)=(\S+)", text)
    if len(settings) > 2:
        width = max(len(name) for name, _ in settings)
        head = text[: text.index(settings[0][0] + "=")].strip()
        return "\n".join([*filter(None, [head]), *(f"  {name:<{width}}  {value}" for name, value in settings)])
    return "\n".join(wrap(text, _WIDTH)) or text


def exported_files(archive: Archive, svg: str) -> dict[str, bytes]:
    """Return what a finished study leaves to be taken along: the picture of the best, and its export as a zip file."""
    from automl.exports import export

    files = {PICTURE: svg.encode()} if svg else {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = export(archive.directory, Path(folder) / "model")
        except AutomlError:
            return files  # its trainer makes no models, or its weights were not kept
        if sum(path.stat().st_size for path in made.iterdir()) > LARGEST_FILE:
            return files
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_file:
            for path in sorted(made.iterdir()):
                archive_file.write(path, f"{archive.info.name}/{path.name}")
    return {**files, MODEL: packed.getvalue()}


# The attributes that the dashboard reads, and Optuna's own names for them.


def figure_attributes(figures: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of figures, in parts: `dashboard:plot_data:ID:0`, ..."""
    parts = {f"dashboard:plot_data:{name}": _split(text) for name, text in figures.items()}
    return {f"{name}:{i}": part for name, some in parts.items() for i, part in enumerate(some)}


def note_attributes(notes: Mapping[int, str]) -> dict[str, Any]:
    """Return the attributes of notes, by the id that the storage has for a trial."""
    found: dict[str, Any] = {}
    for trial_id, text in notes.items():
        found[f"dashboard:{trial_id}:note_ver"] = 1
        found |= {f"dashboard:{trial_id}:note_str:{i}": part for i, part in enumerate(_split(text))}
    return found


def file_attributes(identity: str, names: Sequence[str], trial_id: int | None) -> dict[str, str]:
    """Return the attributes of files that belong to a study and to one of its trials."""
    found = {}
    for name in names:
        kind, encoding = mimetypes.guess_type(name)
        known = {"artifact_id": file_id(identity, name), "filename": name, "mimetype": kind, "encoding": encoding}
        found[f"artifacts:{known['artifact_id']}"] = json.dumps(known)
        if trial_id is not None:
            found[f"dashboard:artifacts:{trial_id}:{known['artifact_id']}"] = json.dumps(known)
    return found


def file_id(identity: str, name: str) -> str:
    """Return the id under which a file is stored: the same whenever the study is shown again."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{identity}/{name}"))


def _split(text: str) -> list[str]:
    return [text[i : i + _PART] for i in range(0, len(text), _PART)] or [""]
