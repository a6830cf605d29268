"""What Optuna's dashboard shows beside the trials: as its own functions read it, and written again unchanged."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import optuna
import pytest

import automl
from automl.dashboard import storage_of
from automl.reading import open_archive
from automl.report import sections_of
from automl.tracking._optuna_page import drawing, note_attributes, page_of
from automl.tracking._optuna_store import artifacts_beside, open_storage


@pytest.fixture(scope="module")
def searched(stores: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search of towers that grow, shown in a storage beside its folder."""
    folder = tmp_path_factory.mktemp("shown")
    (folder / "optuna.db").write_bytes((stores / "optuna.db").read_bytes())
    options = {"trials": 30, "mlflow": "none", "quiet": True, "controller": "evolution", "baselines": ["none"]}
    automl.search("towers", out=str(folder / "run"), optuna=f"sqlite:///{folder / 'optuna.db'}", **options)
    return folder / "run"


def study_of(run: Path) -> optuna.Study:
    return optuna.load_study(study_name=None, storage=open_storage(storage_of(run)))


def attributes(run: Path) -> dict:
    study = study_of(run)
    return study._storage.get_study_system_attrs(study._study_id)


def test_figures_are_as_the_dashboard_keeps_them(searched: Path) -> None:
    from optuna_dashboard._custom_plot_data import get_plotly_graph_objects

    figures = get_plotly_graph_objects(attributes(searched))
    assert "automl-growth" in figures
    for text in figures.values():
        drawn = json.loads(text)
        assert drawn["data"]
        assert "var(--" not in text
        assert drawn["layout"]["title"]["text"].startswith("<b>")
    assert sum(map(len, figures.values())) < 1_000_000


def test_trials_have_notes_with_a_drawing_and_the_study_too(searched: Path) -> None:
    from optuna_dashboard import get_note

    study, archive = study_of(searched), open_archive(searched)
    best = archive.best
    assert best is not None
    trial_id = study.trials[best.number]._trial_id
    from optuna_dashboard._note import get_note_from_system_attrs

    note = get_note_from_system_attrs(attributes(searched), trial_id)["body"]
    assert "```text" in note
    assert "| val_accuracy |" in note
    assert "```text" in get_note(study)


def test_the_export_of_the_best_is_an_artifact(searched: Path, tmp_path: Path) -> None:
    from optuna.artifacts import FileSystemArtifactStore, download_artifact, get_all_artifact_meta

    study = study_of(searched)
    metas = {meta.filename: meta for meta in get_all_artifact_meta(study)}
    folder = artifacts_beside(storage_of(searched))
    if "best-model.zip" not in metas:
        pytest.skip("towers make no models")
    target = tmp_path / "model.zip"
    store = FileSystemArtifactStore(folder)
    download_artifact(artifact_store=store, file_path=str(target), artifact_id=metas["best-model.zip"].artifact_id)
    with zipfile.ZipFile(target) as packed:
        assert "run/model.json" in packed.namelist()


def test_it_is_a_projection_that_can_be_made_again(searched: Path) -> None:
    before = attributes(searched)
    study = study_of(searched)
    for key in [k for k in before if k.startswith("dashboard:plot_data")]:
        study._storage.set_study_system_attr(study._study_id, key, "lost")
    automl.sync(searched)
    versions = {k for k in before if k.endswith("note_ver")}
    after = attributes(searched)
    assert {k: v for k, v in after.items() if k not in versions} == {
        k: v for k, v in before.items() if k not in versions
    }


def test_a_storage_that_is_no_file_gets_no_artifacts(tmp_path: Path) -> None:
    assert artifacts_beside("postgresql://db/automl") is None
    assert artifacts_beside(f"sqlite:///{tmp_path}/optuna.db") == tmp_path / "optuna-artifacts"
    assert artifacts_beside(str(tmp_path / "optuna.journal")) == tmp_path / "optuna-artifacts"


def test_a_page_is_small_and_its_notes_are_bounded(searched: Path) -> None:
    archive = open_archive(searched)
    page = page_of(archive, sections_of(archive), {})
    assert set(page.notes) == {trial.number for trial in archive.ranked}
    long = note_attributes({7: "x" * 40_000})
    assert "".join(long[f"dashboard:7:note_str:{i}"] for i in range(3)) == "x" * 40_000


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("8k3 12k5 | gap fc48", "8k3 → 12k5\n   ↓\ngap → fc48"),
        ("sgd lr=0.1 momentum=0.9 decay=0", "sgd\n  lr        0.1\n  momentum  0.9\n  decay     0"),
        ("ry3 cx0-1", "ry3 cx0-1"),
    ],
)
def test_a_line_becomes_a_drawing(text: str, drawn: str) -> None:
    assert drawing(text) == drawn
