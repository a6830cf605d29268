"""One HTML page that tells what a search did: no network, no server, one file to keep or to send."""

from __future__ import annotations

from pathlib import Path

from automl.archive import Archive
from automl.report.section import Section

__all__ = ["sections_of", "write_report"]

_FILE = "report.html"


def sections_of(archive: Archive) -> tuple[Section, ...]:
    """Return what the report has to say of a study, finished or running, section by section."""
    from automl.report.page import sections  # plotly is loaded only now

    return sections(archive)


def write_report(archive: Archive, path: Path | None = None, sections: tuple[Section, ...] | None = None) -> Path:
    """Write the report of a study, finished or running, as one self-contained page.

    Args:
        archive: the study.
        path: the HTML file to write, `report.html` beside the ledger if not given; its folder must exist. A page that
            is there is replaced in one step.
        sections: those of the archive, where they are at hand.

    Returns:
        The path.
    """
    from automl.report.page import page

    path = archive.directory / _FILE if path is None else path
    draft = path.with_name(path.name + ".part")
    draft.write_text(page(archive, sections_of(archive) if sections is None else sections), encoding="utf-8")
    return draft.replace(path)
