"""Halving and population based training on real convolutional networks: the digits, a few hundred of them."""

import pytest

from automl import api
from automl.reading import open_archive

TINY = {"epochs": 2, "final_epochs": 1, "train_images": 200}


@pytest.fixture
def search(tmp_path, quick):
    def search(controller, evaluations, **settings):
        options = {**quick, "out": str(tmp_path / controller), "set": {**TINY, **settings}}
        summary = api.search("cnn", controller=controller, evaluations=evaluations, **options)
        return summary, open_archive(summary.directory)

    return search


def test_halving_continues_real_weights_and_races_seeds(search):
    summary, archive = search("halving", 7, inner="random", min_effort=0.5, eta=2, seeds=2)
    first = next(trial for trial in archive.trials if trial.number == 0)
    assert [r.proposal.effort for r in first.results] == [0.5, 0.5, 1.0]
    assert [r.proposal.parent for r in first.results] == [None, first.results[0].id, None]
    assert len(first.repetitions) == 2
    assert not archive.failed
    assert not archive.best.tentative
    assert summary.json["best"]["repetitions"] == 2
    assert any(trial.tentative for trial in archive.trials)


def test_a_population_goes_on_with_real_weights(search):
    _, archive = search("pbt", 8, population=4, interval=0.5)
    assert len(archive.trials) == 4
    assert not archive.failed
    owner = {r.id: r.proposal.trial for r in archive.results}
    later = [r for r in archive.results if r.proposal.step]
    copied = [r for r in later if owner[r.proposal.parent] != r.proposal.trial]
    assert len(copied) == 1
    assert all(owner[r.proposal.parent] == r.proposal.trial for r in later if r not in copied)
