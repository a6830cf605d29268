"""Parameter sharing on real trainings: Cora, as it ships, and the bank that travels from network to network."""

import pytest

import automl
from automl.reading import open_archive
from automl.search_spaces.gnn.bank import bank_arrays
from automl.weights import FOLDER, WeightStore

SMALL = {"sharing": True, "adaptation": 0.5, "epochs": 6, "final_epochs": 2, "repeats": 1, "max_width": 16, "drafts": 1}


def search(out, evaluations):
    return automl.search(
        "gnn", controller="conservative", evaluations=evaluations, seed=3, set=SMALL, out=str(out),
        optuna="none", mlflow="none", baselines=["none"], quiet=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A search of eight networks: one trains six epochs, the others three from shared weights."""
    return search(tmp_path_factory.mktemp("sharing") / "run", 8)


def test_every_network_inherits_from_the_one_before(found):
    results = open_archive(found.directory).results
    assert [result.proposal.parent for result in results] == [None, *range(7)]
    assert [result.proposal.effort for result in results] == [1.0] + [0.5] * 7
    assert all(result.outcome for result in results)


def test_layers_come_from_the_bank(found):
    hits = [result.outcome.extras["inherited_layers"] for result in open_archive(found.directory).results]
    assert hits[0] == 0
    assert sum(hits) >= 4


def test_the_last_weights_carry_layers_of_several_networks(found):
    results = open_archive(found.directory).results
    banked = {name.split("/")[1] for name in bank_arrays(WeightStore(found.directory / FOLDER).load(7))}
    assert len(banked) > len(results[0].proposal.candidate["layers"])


def test_a_resumed_search_goes_on_with_the_same_bank(found, tmp_path):
    search(tmp_path / "run", 4)
    again = automl.resume(tmp_path / "run", evaluations=8, quiet=True)
    one, other = (open_archive(directory).results for directory in (found.directory, again.directory))
    assert [result.proposal for result in one] == [result.proposal for result in other]
    assert [result.metrics for result in one] == [result.metrics for result in other]
