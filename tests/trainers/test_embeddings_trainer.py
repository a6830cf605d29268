import json
import pickle

import numpy as np
import pytest
import torch
from embeddings_worlds import CLICKS, WORLDS, clicks, relaxed, silent, space, trainer, uniform

from automl.core.errors import AutomlError, UnknownName, UsageError
from automl.core.trainer import Exporting, Finishing, Remarking
from automl.search_spaces.embeddings import EmbeddingSpace
from automl.trainers.embeddings import EmbeddingsTrainer
from automl.trainers.embeddings.data.vocabulary import columns_from, encode


def trained(found, plan, seed=1, **settings):
    return found.train(plan, effort=1, weights=None, seed=seed, report=silent, **settings)


@pytest.mark.parametrize(
    ("task", "objectives", "measured"),
    [
        ("ctr", ["max:val_auc", "min:bytes"], {"val_auc", "val_logloss", "val_gauc", "val_auc_sd"}),
        ("rating", ["min:val_mse", "min:bytes"], {"val_mse", "val_rmse", "val_mae", "val_mse_sd"}),
        ("topk", ["max:val_ndcg", "min:bytes"], {"val_ndcg", "val_recall", "val_hit", "val_ndcg_sd"}),
    ],
)
def test_a_task_has_its_own_metrics_and_the_class_has_all(task, objectives, measured):
    found = trainer(task)
    assert list(found.default_objectives()) == objectives
    outcome = trained(found, uniform(found))
    assert set(outcome.metrics) == measured | {"bytes", "values"}
    assert set(found.metrics) < set(outcome.metrics) <= set(EmbeddingsTrainer.metrics)
    assert not any(name.startswith("val_") and name not in measured for name in found.metrics)
    assert outcome.metrics["bytes"] == 4 * outcome.metrics["values"]
    tested = found.test(uniform(found), outcome.weights)
    assert set(tested) == {name.replace("val", "test") for name in measured if not name.endswith("_sd")}


def test_repeats_are_averaged_and_the_better_one_is_kept():
    found, one = trainer("ctr"), trainer("ctr", repeats=1)
    both, first = trained(found, uniform(found)), trained(one, uniform(one))
    assert "val_auc_sd" not in first.metrics
    low, high = (both.metrics["val_auc"] + sign * both.metrics["val_auc_sd"] / 2**0.5 for sign in (-1, 1))
    assert min(abs(first.metrics["val_auc"] - end) for end in (low, high)) < 1e-9
    assert len(both.extras["best_epochs"]) == 2
    assert both.cost > first.cost


def test_repeats_that_keep_what_they_inherit_have_no_spread():
    found, wild = trainer("ctr", epochs=10), trainer("ctr", inherit_lr=3.0)
    plan = uniform(found)
    good = trained(found, plan)
    kept = wild.train(plan, effort=1, weights=good.weights, seed=1, report=silent)
    assert kept.extras["best_epochs"] == [0, 0]
    assert "val_auc_sd" in good.metrics
    assert "val_auc_sd" not in kept.metrics


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0}, {"repeats": 0}, {"k": 0}, {"hidden": (0,)}, {"lr": 0.0}, {"inherit_lr": -1.0},
        {"search_lr": 0.0}, {"l2": -1.0}, {"relaxed_l2": -1.0}, {"inherit_epochs": -1}, {"dropout": 1.0},
        {"decay": 0.0}, {"threads": 0}, {"order": 3}, {"lr": float("nan")}, {"steady": 0.0}, {"distil": 1.0},
        {"sharpen": 0.0},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused_with_what_to_type(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match="idden" if name == "hidden" else f"'{name}'") as refused:
        trainer("ctr", **wrong)
    assert refused.value.hint


def test_the_search_takes_smaller_steps_than_plans_of_clicks_unless_told():
    usual, set_ = trainer("ctr", lr=0.01).recipe, trainer("ctr", lr=0.01, inherit_lr=0.004).recipe
    assert (usual.search_lr, usual.inherit_lr) == pytest.approx((0.003, 0.006))
    assert (set_.search_lr, set_.inherit_lr) == (0.004, 0.004)
    assert trainer("ctr", search_lr=0.002).recipe.search_lr == 0.002


def test_relaxed_stages_of_ratings_have_a_smaller_penalty_than_plans_unless_told():
    assert trainer("rating", l2=0.1).recipe.relaxed_l2 == pytest.approx(0.07)
    assert trainer("ctr", l2=0.1).recipe.relaxed_l2 == trainer("topk", l2=0.1).recipe.relaxed_l2 == 0.1
    first = {}
    for penalty in (0.0, 50.0):
        found = trainer("rating", epochs=1, relaxed_l2=penalty)
        wide = space(found).relax("search")[0]
        found.train(wide, effort=1, weights=None, seed=1, report=lambda _, each, to=penalty: first.setdefault(to, each))
    assert first[50.0]["train_loss"] > first[0.0]["train_loss"] + 0.01


def test_the_same_seed_gives_the_same_outcome_in_another_process_too():
    found = trainer("ctr")
    plan = uniform(found)
    outcomes = [trained(one, plan) for one in (found, pickle.loads(pickle.dumps(found)))]
    assert outcomes[0].metrics == outcomes[1].metrics
    assert all(np.array_equal(outcomes[0].weights[name], outcomes[1].weights[name]) for name in outcomes[0].weights)
    assert trained(found, plan, seed=2).metrics != outcomes[0].metrics


def test_the_fingerprint_knows_data_and_settings():
    assert trainer("ctr").fingerprint() == trainer("ctr").fingerprint()
    others = [trainer("ctr", lr=0.5), trainer("ctr", data_seed=1), trainer("rating"), trainer("ctr", model="fm")]
    assert len({each.fingerprint() for each in (trainer("ctr"), *others)}) == 5


def test_facts_fill_the_space_and_are_json():
    found = trainer("ctr")
    facts = json.loads(json.dumps(found.facts()))
    assert [name for name, _, _ in facts["fields"]] == ["user", "shop", "noise"]
    assert all(len(popularity) == 64 and popularity[-1] == 1 for _, _, popularity in facts["fields"])
    assert EmbeddingSpace(fields=facts["fields"], rotatable=facts["rotatable"]).frame.form == "aligned"
    assert trainer("ctr", model="xdeepfm").facts()["rotatable"] is False


@pytest.mark.parametrize("task", ["ctr", "rating", "topk"])
def test_a_finished_model_scores_raw_data_as_it_was_tested(task):
    found = trainer(task)
    plan = uniform(found)
    outcome = found.finish(plan, weights=None, seed=3, report=silent)
    facts = json.loads(json.dumps(found.facts()))
    model = EmbeddingsTrainer.load(plan, outcome.weights, facts)
    data = {name: values[:40] for name, values in WORLDS[task][0]().items()}
    ids = torch.from_numpy(encode(columns_from(facts["vocabulary"]), data))
    assert torch.isfinite(model(ids)).all()
    assert model(torch.from_numpy(EmbeddingsTrainer.example(facts))).shape == (2,)
    if task == "rating":
        rows = found.dataset.part("test")
        errors = model(torch.from_numpy(found.dataset.ids[rows])).numpy() - found.dataset.labels[rows]
        assert found.test(plan, outcome.weights)["test_mse"] == pytest.approx(np.square(errors).mean(), rel=1e-5)


def test_finish_never_makes_kept_weights_worse():
    found = trainer("ctr", final_epochs=6)
    plan = uniform(found)
    kept = trained(found, plan)
    best = found.finish(plan, weights=kept.weights, seed=9, report=silent)
    scratch = found.finish(plan, weights=None, seed=9, report=silent)
    again = found.finish(plan, weights=best.weights, seed=9, report=silent)
    assert again.metrics["val_auc"] >= best.metrics["val_auc"] >= kept.metrics["val_auc"] - kept.metrics["val_auc_sd"]
    assert set(scratch.weights) == set(kept.weights)


def test_a_relaxed_plan_can_be_finished_tested_and_loaded():
    found = trainer("ctr", pep_epochs=3)
    _, stages = relaxed(found, stages=("wide", "soft", "thresholds"))
    for plan, outcome in stages.values():
        for weights in (outcome.weights, None):
            finished = found.finish(plan, weights=weights, seed=1, report=silent)
            assert 0 < found.test(plan, finished.weights)["test_auc"] < 1
            if plan.stage != "thresholds" and weights:
                assert finished.metrics["val_auc"] >= outcome.metrics["val_auc"] - 1e-6


def test_remarks_name_the_rule_and_the_fields_without_an_embedding():
    found = trainer("ctr")
    where, stages = relaxed(found)
    plan = where.discretise(stages["soft"][0], stages["soft"][1].extras, 1 / 16, "search")
    said = " ".join(found.remarks(plan, {}))
    assert "'search': what the search learned" in said
    empty = [f.name for f, kept in zip(where.frame.fields, plan.columns, strict=True) if not kept[-1]]
    assert empty
    assert f"unknown values of {', '.join(empty)} have no embedding" in said


def test_files_describe_the_model():
    found = trainer("ctr")
    plan = uniform(found)
    files = EmbeddingsTrainer.files(found.load(plan, trained(found, plan).weights, found.facts()))
    manifest = json.loads(files["manifest.json"])
    assert manifest["bytes"] == sum(block["bytes"] for blocks in manifest["fields"].values() for block in blocks)
    assert manifest["bytes"] == trained(found, plan).metrics["bytes"]
    stored = {name: trained(found, plan).weights[f"first/{name}"].nbytes for name in ("user", "shop", "noise")}
    assert manifest["first_order_bytes"] == sum(stored.values())


def test_models_of_users_and_items_leave_other_fields_out():
    data = {**WORLDS["rating"][0](), "day": [f"d{n % 7}" for n in range(2500)]}
    found = EmbeddingsTrainer(data, schema={**WORLDS["rating"][1], "day": "token"})
    assert found.recipe.model == "mf"
    assert [name for name, _, _ in found.facts()["fields"]] == ["user", "item"]
    assert any("not day" in remark for remark in found.dataset.remarks)
    assert (
        len(EmbeddingsTrainer(data, schema={**WORLDS["rating"][1], "day": "token"}, model="fm").facts()["fields"]) == 3
    )


def test_what_it_claims_it_is():
    found = trainer("ctr")
    assert isinstance(found, Finishing)
    assert isinstance(found, Remarking)
    assert isinstance(found, Exporting)
    paper = EmbeddingsTrainer(clicks(), schema=CLICKS, **EmbeddingsTrainer.profiles["paper"])
    assert (paper.recipe.tower, paper.recipe.alpha_lr, paper.recipe.l2) == ("frozen", 0.01, 0.0)


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"model": "deepfn"}, UnknownName, "deepfm"),
        ({"tower": "froze"}, UnknownName, "frozen"),
        ({"order": 3}, AutomlError, "1 or 2"),
        ({"epochs": 0}, AutomlError, "at least 1"),
        ({"lr": -1.0}, AutomlError, "positive"),
        ({"l2": -1.0}, AutomlError, "negative"),
        ({"decay": 0.0}, AutomlError, "decay"),
        ({"dropout": 1.0}, AutomlError, "dropout"),
        ({"hidden": (0,)}, AutomlError, "Hidden"),
        ({"device": "tpu"}, UnknownName, "gpu"),
    ],
)
def test_bad_settings_are_refused(settings, error, said):
    with pytest.raises(error, match=said):
        trainer("ctr", **settings)


def test_inherited_columns_are_where_training_starts():
    found = trainer("ctr", epochs=1, lr=1e-6)
    where, stages = relaxed(found, stages=("wide",))
    parent, outcome = stages["wide"]
    plan = where.discretise(parent, outcome.extras, 1.0, "magnitude")
    weights = where.inherit(plan, parent, outcome.weights)
    child = found.train(plan, effort=1, weights=weights, seed=1, report=silent)
    assert child.metrics["val_auc"] == pytest.approx(outcome.metrics["val_auc"], abs=1e-3)
    assert space(found).frame.width == 8
