import pytest
import torch
from embeddings_worlds import relaxed, silent, space, trainer

from automl.core.errors import UsageError
from automl.trainers.embeddings.fit import start
from automl.trainers.embeddings.ground import prepare
from automl.trainers.embeddings.keeper import importance as reported
from automl.trainers.embeddings.pack import pack
from automl.trainers.embeddings.steady import agreement, importance


def test_orders_that_are_the_same_agree_and_opposite_ones_do_not():
    order = torch.arange(64.0).view(4, 16)
    sizes = torch.tensor([3, 1, 1, 2])
    assert agreement(order, order * 2, sizes) == 1.0
    assert agreement(order, -order, sizes) == 0.0


def test_agreement_counts_values_not_cells():
    # of 64 values the first order keeps the large block's column or those of the small one, the second the other way
    one, other = torch.zeros(2, 8), torch.zeros(2, 8)
    one[0, :2], one[1, :4] = 2.0, 1.0
    other[0, :2], other[1, 4:] = 2.0, 1.0
    # at 1/4 of 32 values: two columns of three values and two more of one; at 1/8: two columns; at 1/16: one of them
    assert agreement(one, other, torch.tensor([3, 1])) == pytest.approx((6 / 8 + 1 + 1) / 3)


def test_importance_is_what_a_stage_reports():
    found = trainer("ctr", model="fm")
    ground, plan = prepare(found.dataset, found.recipe), space(found).relax("search")[1]
    torch.manual_seed(0)
    recommender = start(plan, ground, found.recipe, None)
    with torch.no_grad():
        recommender.tables.alpha.uniform_()
    now = importance(recommender.tables)
    told = reported(plan, ground.fields, pack(recommender, plan, ground.fields))
    assert torch.allclose(now.double(), torch.tensor([row for rows in told.values() for row in rows]).double())


def epochs(steady, form="aligned"):
    """Return how many epochs a search takes that gets better with each."""
    found = trainer("ctr", model="fm", search_epochs=6, patience=9, steady=steady, alpha_lr=1e-4)
    _, stages = relaxed(found, form=form)
    return stages["soft"][1].extras["epoch"]


def test_a_search_ends_when_it_would_keep_what_it_kept_before():
    assert epochs(None) == 6  # alphas that hardly move keep the same cells, but nobody looks
    assert epochs(0.5) == 2
    assert epochs(0.5, form="elements") == 6  # where no column comes first by itself


def test_segments_remember_what_the_one_before_would_keep():
    found = trainer("ctr", model="fm", search_epochs=6, patience=9, steady=0.5, alpha_lr=1e-4)
    where, stages = relaxed(found, stages=("wide",))
    plan, weights, settled = where.relax("search")[1], None, []
    weights = where.inherit(plan, stages["wide"][0], stages["wide"][1].weights)
    while not (settled and settled[-1]):
        outcome = found.train(plan, effort=1, weights=weights, seed=3, report=silent)
        settled.append(outcome.extras["settled"])
        weights = outcome.weights
    assert settled == [False, True]


def test_a_share_that_is_none_is_refused():
    with pytest.raises(UsageError, match="steady"):
        trainer("ctr", steady=1.5)
