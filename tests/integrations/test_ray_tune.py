"""Our controllers as search algorithms of Tune: what Ray's own tests ask of every algorithm, and what they do not."""

import copy
import math
import pickle
import zipfile

import numpy as np
import pytest

pytest.importorskip("ray.tune")

from ray import tune
from ray.tune.search import ConcurrencyLimiter, Searcher

from automl.controllers.evolution import Evolution
from automl.core.errors import AutomlError, Incompatible, InvalidCandidate, UnknownName, UsageError
from automl.integrations.optuna import samplers
from automl.integrations.ray_tune import AsTuneSearcher, candidate_of
from automl.integrations.tune_space import TuneSpace
from automl.testing.towers import TowerSpace, TowerTrainer

NAMES = samplers()
SMALL = {"evolution": {"population": 4, "sample": 2}, "bayesian": {"startup": 4}}
SPACE = {
    "x": tune.uniform(0.0, 5.0),
    "deep": {"lr": tune.loguniform(1e-4, 1e-1), "width": tune.choice([8, 16, 32])},
    "mixed": [1, tune.randint(2, 5), 4],
    "list": [1, 2, 3],
    "num": 4,
}


def made(name="evolution", config=SPACE, metric="loss", mode="min", **settings):
    algorithm = AsTuneSearcher(name, seed=3, **{**SMALL.get(name, {}), **settings})
    assert algorithm.set_search_properties(metric, mode, config)
    return algorithm


def loss(config):
    return (config["x"] - 2) ** 2 + abs(math.log10(config["deep"]["lr"]) + 2) + config["deep"]["width"] / 8


def searched(algorithm, count, start=0):
    """Run trials one after the other; return their configs."""
    configs = []
    for number in range(start, start + count):
        config = algorithm.suggest(f"trial{number}")
        configs.append(config)
        algorithm.on_trial_complete(f"trial{number}", {"loss": loss(config), "training_iteration": 1})
    return configs


# What is suggested.


@pytest.mark.parametrize("name", NAMES)
def test_every_config_is_of_the_space_and_keeps_what_is_constant(name):
    for config in searched(made(name), 12):
        assert (config["list"], config["num"], config["mixed"][0], config["mixed"][2]) == ([1, 2, 3], 4, 1, 4)
        assert 0.0 <= config["x"] <= 5.0
        assert 1e-4 <= config["deep"]["lr"] <= 1e-1
        assert config["deep"]["width"] in (8, 16, 32)
        assert config["mixed"][1] in (2, 3, 4)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_suggests_the_same(name):
    assert searched(made(name), 12) == searched(made(name), 12)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"random"}))
def test_a_controller_that_learns_beats_chance(name):
    def late(chosen):
        return np.mean([loss(config) for seed in range(2) for config in searched(made(chosen), 60, 100 * seed)[30:]])

    assert late(name) < 0.8 * late("random")


DOMAINS = {
    "uniform": tune.uniform(-1.0, 1.0),
    "log": tune.loguniform(1e-3, 1.0),
    "steps": tune.quniform(0.0, 1.0, 0.25),
    "whole": tune.randint(-3, 4),
    "whole_steps": tune.qrandint(0, 12, 4),
    "whole_log": tune.lograndint(1, 100),
    "options": tune.choice(["a", None, (1, 2), 0.5]),
}


@pytest.mark.parametrize("name", DOMAINS)
def test_every_distribution_of_tune_is_searched_within_its_bounds(name):
    algorithm = made("random", {"it": DOMAINS[name]})
    found = {repr(algorithm.suggest(str(i))["it"]) for i in range(200)}
    allowed = {
        "steps": {"0.0", "0.25", "0.5", "0.75", "1.0"},
        "whole": set(map(repr, range(-3, 4))),
        "whole_steps": {"0", "4", "8", "12"},
        "options": {"'a'", "None", "(1, 2)", "0.5"},
    }
    if name in allowed:
        assert found == allowed[name]
    else:
        assert all(DOMAINS[name].lower <= float(value) <= DOMAINS[name].upper for value in found)


@pytest.mark.parametrize("wrong", [tune.sample_from(lambda _: 1), tune.randn(0, 1), tune.grid_search([1, 2])])
def test_what_only_tune_can_draw_is_refused_by_name(wrong):
    with pytest.raises(Incompatible, match="'a/b'"):
        TuneSpace({"a": {"b": wrong}})


def test_a_space_of_ours_gives_the_candidate_and_its_choices():
    algorithm = AsTuneSearcher("evolution", TowerSpace(), "val_accuracy", "max", seed=1)
    config = algorithm.suggest("a")
    tower = candidate_of(config, TowerSpace())
    TowerSpace().check(tower)
    assert config["block0/depth"] == len(tower.blocks[0])
    assert algorithm.set_search_properties(None, None, {"data": "given"}) is False


def test_unknown_names_and_unfit_controllers_are_refused():
    with pytest.raises(UnknownName, match="evolution"):
        AsTuneSearcher("evolutoin")
    with pytest.raises(UnknownName, match="population"):
        AsTuneSearcher("evolution", popluation=3)
    with pytest.raises(Incompatible, match="Growable"):
        made("hill_climb")
    with pytest.raises(Incompatible, match="ASHAScheduler"):
        made("halving").suggest("a")
    with pytest.raises(UsageError, match="param_space"):
        AsTuneSearcher().suggest("a")


# Trials side by side, and those that end badly.


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "failed"])
def test_values_that_are_no_numbers_are_survived(name, bad):
    algorithm = made(name)
    for number in range(12):
        config = algorithm.suggest(str(number))
        result = {"loss": loss(config) if number % 2 else bad}
        algorithm.on_trial_complete(str(number), result, error=bad == "failed" and number % 2 == 0)
    assert algorithm.suggest("after")["num"] == 4
    algorithm.on_trial_complete("after", None, error=True)


@pytest.mark.parametrize("name", NAMES)
def test_reports_after_the_end_are_not_heard(name):
    algorithm = made(name)
    algorithm.suggest("a")
    algorithm.on_trial_result("a", {"training_iteration": 1, "loss": 1.0})
    algorithm.on_trial_complete("a", {"training_iteration": 2, "loss": 1.0})
    before = algorithm.__getstate__()["_state"]
    algorithm.on_trial_result("a", {"training_iteration": 3, "loss": 0.0})
    algorithm.on_trial_complete("a", {"training_iteration": 4, "loss": 0.0})
    algorithm.on_trial_complete("never", {"loss": 0.0})
    np.testing.assert_equal(algorithm.__getstate__()["_state"], before)


@pytest.mark.parametrize("name", NAMES)
def test_trials_side_by_side_may_end_in_any_order(name):
    algorithm = made(name)
    for round_ in range(4):
        configs = {f"{round_}/{place}": algorithm.suggest(f"{round_}/{place}") for place in range(4)}
        for trial in reversed([trial for trial, config in configs.items() if config is not None]):
            algorithm.on_trial_complete(trial, {"loss": loss(configs[trial])})


def test_a_controller_that_has_finished_says_so():
    class Brief(Evolution):
        def ask(self, n, progress):
            return super().ask(n, progress) if self.asked == 0 else []

        asked = 0

    algorithm = AsTuneSearcher(Brief)
    algorithm.set_search_properties("loss", "min", SPACE)
    config = algorithm.suggest("a")
    Brief.asked = 1
    assert algorithm.suggest("b") is None, "not as long as a trial is open"
    algorithm.on_trial_complete("a", {"loss": loss(config)})
    assert algorithm.suggest("b") == Searcher.FINISHED


@pytest.mark.parametrize("name", ["evolution", "bayesian", "random"])
def test_several_metrics(name):
    algorithm = made(name, {"a": tune.uniform(0, 1), "b": tune.uniform(0, 1)}, ["up", "down"], ["max", "min"])
    configs = []
    for number in range(60):
        configs.append(algorithm.suggest(str(number)))
        algorithm.on_trial_complete(str(number), {"up": configs[-1]["a"] * 100, "down": configs[-1]["b"] * 100})
    assert max(config["a"] for config in configs) > 0.8
    assert min(config["b"] for config in configs) < 0.2


# What was measured elsewhere.


def learned(algorithm):
    """Return how many evaluations a controller has been told."""
    return algorithm.__getstate__()["_state"]["session"]["told"]


POINT = {"x": 2.0, "deep": {"lr": 0.01, "width": 16}, "mixed": [1, 3, 4], "list": [1, 2, 3], "num": 4}


@pytest.mark.parametrize("name", NAMES)
def test_points_that_were_evaluated_already_are_learned(name):
    algorithm = made(name)
    assert learned(algorithm) == 0
    algorithm.add_evaluated_point(POINT, 1.0)
    algorithm.add_evaluated_point(POINT, 1.0, intermediate_values=[0.8, 0.9])
    algorithm.add_evaluated_point(POINT, None, error=True)
    algorithm.add_evaluated_point(POINT, 1.0, pruned=True)
    assert learned(algorithm) == 4
    assert algorithm.suggest("1")["num"] == 4


def test_what_was_learned_is_made_use_of():
    """Told of one very good point, evolution soon proposes its neighbours."""
    algorithm = made("evolution", population=3, sample=3)
    algorithm.add_evaluated_point(POINT, -100.0)
    for _ in range(2):
        algorithm.add_evaluated_point({**POINT, "x": 5.0}, 100.0)
    child = algorithm.suggest("child")
    same = [child["x"] == 2.0, child["deep"]["lr"] == 0.01, child["deep"]["width"] == 16, child["mixed"] == [1, 3, 4]]
    assert sum(same) == 3


@pytest.mark.parametrize(
    "wrong", [{"x": 2.0}, {**POINT, "x": 7.0}, {**POINT, "deep": {"lr": 0.01, "width": 9}}, {**POINT, "x": "a"}]
)
def test_a_point_of_another_space_is_refused(wrong):
    with pytest.raises((UsageError, InvalidCandidate)):
        made().add_evaluated_point(wrong, 1.0)


# Being kept.


def ended(algorithm, trial):
    algorithm.on_trial_result(trial, {"training_iteration": 1, "loss": 1.0, "config/x": 1.0, "time_total_s": 1})
    algorithm.on_trial_complete(trial, {"training_iteration": 1, "loss": 1.0, "config/x": 1.0, "time_total_s": 1})


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_search_goes_on_as_if_it_had_not_been_saved(name, tmp_path):
    unbroken = made(name)
    searched(unbroken, 6)
    for trial in ("1", "2", "not completed"):
        unbroken.suggest(trial)
    ended(unbroken, "1")
    unbroken.save(tmp_path / "state")
    restored = AsTuneSearcher(name, seed=3, **SMALL.get(name, {}))
    restored.restore(tmp_path / "state")
    for algorithm in (unbroken, restored):
        ended(algorithm, "2")
    assert searched(unbroken, 10) == searched(restored, 10)
    restored.on_trial_complete("not completed", {"loss": 1.0})
    assert learned(restored) == learned(unbroken) + 1, "the open trial was not forgotten"


def test_the_saved_file_is_no_pickle(tmp_path):
    made("reinforce").save(tmp_path / "state")
    with zipfile.ZipFile(tmp_path / "state") as file:
        assert sorted(file.namelist()) == ["arrays.safetensors", "state.json"]
        assert file.read("state.json").startswith(b"{")
    (tmp_path / "other").write_bytes(pickle.dumps({}))
    with pytest.raises(AutomlError, match="no saved search"):
        made().restore(tmp_path / "other")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))], ids=["copy", "pickle"])
def test_a_copy_goes_on_by_itself(name, copied):
    algorithm = made(name)
    searched(algorithm, 6)
    algorithm.suggest("open")
    twin = copied(algorithm)
    assert searched(twin, 8) == searched(algorithm, 8)


def test_a_limiter_saves_and_restores_what_it_holds(tmp_path):
    limited = ConcurrencyLimiter(made(), max_concurrent=2)
    assert [limited.suggest(str(i)) is not None for i in range(3)] == [True, True, False]
    limited.save(str(tmp_path / "state"))
    other = ConcurrencyLimiter(AsTuneSearcher("evolution", seed=3, **SMALL["evolution"]), max_concurrent=2)
    other.restore(str(tmp_path / "state"))
    limited.on_trial_complete("0", {"loss": 1.0})
    other.searcher.on_trial_complete("0", {"loss": 1.0})
    assert limited.suggest("3") == other.searcher.suggest("3")


# Inside Tune.


def tuned(trainable, algorithm, folder, samples, space=None, **settings):
    return tune.Tuner(
        trainable,
        param_space=space,
        tune_config=tune.TuneConfig(search_alg=algorithm, num_samples=samples, reuse_actors=True, **settings),
        run_config=tune.RunConfig(storage_path=str(folder), name="it", verbose=0),
    ).fit()


def test_an_experiment_survives_invalid_values_and_another_learns_from_it(one_ray, tmp_path, caplog):
    def invalid(config):  # in here, because Tune's workers do not find modules of tests
        x = config["x"]
        tune.report({"score": math.inf if x > 4 else -math.inf if x > 3 else math.nan if x > 2 else x or 0.1})

    algorithm = AsTuneSearcher("random", seed=1)
    space = {"x": tune.uniform(0.0, 5.0), "list": [1, 2, 3], "num": 4}
    results = tuned(invalid, algorithm, tmp_path, 8, space, metric="score", mode="max", max_concurrent_trials=2)
    best = results.get_best_result()
    assert (best.config["x"] <= 2.0, best.config["list"], best.config["num"]) == (True, [1, 2, 3], 4)
    assert not any("checkpointing failed" in record.getMessage() for record in caplog.records)
    assert len(list((tmp_path / "it").glob("searcher-state-*"))) == 1
    trials = results._experiment_analysis.trials
    assert not any(math.isfinite(trial.last_result["score"]) and trial.config["x"] > 2 for trial in trials)
    other = AsTuneSearcher("evolution", metric="score", mode="max")
    other.set_search_properties(None, None, space)
    other.add_evaluated_trials(results._experiment_analysis, "score")
    assert learned(other) == 8
    other.add_evaluated_trials(trials[0], "score")
    assert learned(other) == 9
    assert 0.0 <= other.suggest("next")["x"] <= 5.0


def test_an_experiment_on_a_space_of_ours(one_ray, tmp_path):
    def train_tower(config):
        tower = candidate_of(config, TowerSpace())
        outcome = TowerTrainer().train(tower, effort=1.0, weights=None, seed=0, report=lambda *_: None)
        tune.report({"val_accuracy": outcome.metrics["val_accuracy"]})

    algorithm = AsTuneSearcher("bayesian", TowerSpace(), "val_accuracy", "max", seed=2, startup=2)
    results = tuned(train_tower, algorithm, tmp_path, 4)
    assert [result.error for result in results] == [None] * 4
    assert results.get_best_result("val_accuracy", "max").metrics["val_accuracy"] > 0.4
