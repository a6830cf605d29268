"""One HTML page that tells what a search did: no network, no server, one file to keep or to send."""

from __future__ import annotations

from pathlib import Path

from automl.archive import Archive

__all__ = ["write_report"]


def write_report(archive: Archive, path: Path) -> Path:
    """Write the report of a study, finished or running, as one self-contained page.

    Args:
        archive: the study.
        path: the HTML file to write; its folder must exist. A page that is there is replaced in one step.

    Returns:
        The path.
    """
    from automl.report.page import page  # plotly is loaded only now

    draft = path.with_name(path.name + ".part")
    draft.write_text(page(archive), encoding="utf-8")
    return draft.replace(path)
