"""The trainer: what it measures, how it judges, how it ends, and what it refuses."""

import numpy as np
import pytest
from morl_worlds import Broken, Corridor, Endless, Scalar, Shared, Slippery, Steered

import automl
from automl.core.domains import Reals
from automl.core.errors import InvalidData, MissingExtra, UnknownName, UsageError
from automl.search_spaces.morl import Configuration, MorlSpace
from automl.search_spaces.morl.algorithms import ALGORITHMS
from automl.search_spaces.morl.space import default_beside, default_of, known
from automl.trainers.morl import MorlTrainer, environments
from automl.trainers.morl import trainer as morl_trainer
from automl.trainers.morl.seeds import seed_of
from automl.trainers.morl.tabular.learner import Tabular

GOOD = {"learning_rate": 1.0, "horizon": 1000.0, "epsilon": 0.5, "selection": "ols"}


def quiet(step, metrics):
    pass


def trainer(make=Corridor, **settings):
    small = {"steps": 2000, "reference": (0.0, -20.0), "gamma": 1.0, "validation": 2, "held_out": 4, "seeds": 2}
    return MorlTrainer(make, **{**small, **settings})


def configuration(**own):
    values = {**known("tabular").default, **own}
    return MorlSpace().load({"algorithm": "tabular", "hyperparameters": values})


def measured(on, candidate, effort=1.0, weights=None, seed=5):
    return on.train(candidate, effort=effort, weights=weights, seed=seed, report=quiet)


def test_the_front_of_a_corridor():
    outcome = measured(trainer(), configuration(**GOOD))
    # prizes 1, 4 and 8 after 1, 2 and 4 steps
    assert outcome.extras["fronts"][0] == [[1.0, -1.0], [4.0, -2.0], [8.0, -4.0]]
    assert outcome.metrics["hypervolume"] == pytest.approx(1 * 19 + 3 * 18 + 4 * 16)
    assert outcome.metrics["cardinality"] == 3
    assert outcome.cost == sum(values["steps"] for values in outcome.extras["values"])


def test_metrics_are_means_over_seeds_that_differ():
    outcome = measured(
        trainer(Slippery, seeds=4, steps=200), configuration(**{**GOOD, "selection": "random", "policies": 2})
    )
    values = [one["hypervolume"] for one in outcome.extras["values"]]
    assert len(set(values)) > 1
    assert outcome.metrics["hypervolume"] == pytest.approx(np.mean(values))


@pytest.mark.parametrize("make", [Corridor, Slippery, Shared])
def test_two_halves_are_a_whole(make):
    on, candidate = trainer(make, steps=600), configuration(**GOOD)
    whole = measured(on, candidate)
    half = measured(on, candidate, effort=0.5)
    rest = measured(trainer(make, steps=600), candidate, effort=0.5, weights=half.weights)
    time = {"cpu_seconds"}
    assert {k: v for k, v in rest.metrics.items() if k not in time} == {
        k: v for k, v in whole.metrics.items() if k not in time
    }
    assert rest.extras["fronts"] == whole.extras["fronts"]
    assert half.cost + rest.cost == whole.cost


def test_policies_are_judged_by_the_discount_of_the_trainer():
    candidate = configuration(**{**GOOD, "horizon": 2.0})
    fronts = [measured(trainer(gamma=gamma), candidate).extras["fronts"][0] for gamma in (1.0, 0.5)]
    assert all(point[0] in (1.0, 4.0, 5.0, 8.0) for point in fronts[0])
    assert all(point[0] in (1.0, 2.0, 1.25) for point in fronts[1])


def test_noise_is_not_selected():
    """All policies are equal, and only luck tells them apart: the score is not the luckiest one's."""

    class Luck(Corridor):
        def step(self, action):
            return 0, self.np_random.normal(5.0, 3.0, 2), True, False, {}

    on = trainer(Luck, episodes=5, seeds=8, steps=200, reference=(0.0, 0.0))
    found = measured(on, configuration(policies=20)).metrics["hypervolume"]
    assert found < 40  # one policy without noise: 25; the best of twenty on five episodes each: far beyond


def test_finalists_are_measured_with_the_same_fresh_seeds_whatever_the_search_used():
    on, candidate = trainer(Slippery, steps=200), configuration(**GOOD)
    one, other = (on.finish(candidate, weights=None, seed=seed, report=quiet) for seed in (1, 2))
    assert one.extras["fronts"] == other.extras["fronts"]
    assert one.metrics["validated_hypervolume"] == one.metrics["hypervolume"] == one.weights["validated"].mean()
    assert one.metrics["validation_seeds"] == len(one.weights["validated"]) == 2


def test_a_winner_is_compared_with_the_default_seed_by_seed():
    on, candidate = trainer(Slippery, steps=200), configuration(**GOOD)
    parts = [on.test_part(candidate, {}, part=part, report=quiet) for part in range(4)]
    tested = on.test(candidate, {})
    assert tested["held_out_seeds"] == 4
    own, default = (np.array([part.metrics[name] for part in parts]) for name in ("hypervolume", "default"))
    assert tested["test_hypervolume"] == own.mean()
    assert tested["gain"] == pytest.approx((own - default).mean())
    assert on.test(candidate, {"test/hypervolume": own[:3], "test/default": default[:3]})["held_out_seeds"] == 3
    alone = trainer(Slippery, steps=200, held_out=1).test_part(candidate, {}, part=0, report=quiet)
    assert alone.metrics == parts[0].metrics
    assert alone.extras == parts[0].extras


def test_what_is_measured_on_the_way_changes_nothing():
    on, candidate = trainer(Slippery, steps=400), configuration(**GOOD)
    part = on.test_part(candidate, {}, part=2, report=quiet)
    direct = trainer(Slippery, steps=400)._run(candidate, 1.0, {}, seed_of("held out", 2))
    assert part.extras["fronts"]["tuned"] == direct.front.tolist()
    curve = part.extras["curves"]["hypervolume"]["tuned"]
    assert len(curve) == 5
    assert curve[-1] == [direct.metrics["steps"], part.metrics["hypervolume"]]
    assert [steps for steps, _ in curve] == sorted({steps for steps, _ in curve})


def test_the_default_compared_with_itself_gains_nothing():
    on, default = trainer(), default_of(known("tabular"))
    outcome = on.finish(default, weights=None, seed=1, report=quiet)
    tested = on.test(default, outcome.weights)
    assert (tested["gain"], tested["gain_low"], tested["gain_high"]) == (0, 0, 0)
    assert on.remarks(default, {**outcome.metrics, **tested})[0].startswith("No detectable gain")


def test_no_gain_is_called_none():
    metrics = {"hypervolume": 9.0, "gain": 0.2, "gain_low": -0.1, "gain_high": 0.5, "probability_of_improvement": 0.5}
    every = {**metrics, "held_out_seeds": 4.0}
    on, candidate = trainer(), configuration(**GOOD)
    assert on.remarks(candidate, every)[0].startswith("No detectable gain over the default: 0.2")
    assert on.remarks(candidate, {**every, "gain_low": 0.1})[0].startswith("Better than the default by 0.2")
    assert on.remarks(candidate, {**every, "gain": -0.2, "gain_high": -0.1})[0].startswith("Worse than the default by")


def test_a_result_is_told_as_measured_three_times():
    validated = {"hypervolume": 9.0, "validated_hypervolume": 7.0, "validation_seeds": 2.0}
    held_out = {
        "gain": 1.0, "gain_low": 0.5, "gain_high": 1.5, "probability_of_improvement": 0.9, "held_out_seeds": 4.0,
        "test_hypervolume": 6.0, "test_hypervolume_low": 5.0, "test_hypervolume_high": 8.0,
    }  # fmt: skip
    on, candidate = trainer(), configuration(**GOOD)
    told = on.remarks(candidate, {**validated, **held_out})
    assert len(told) == 2
    assert all(number in told[1] for number in ("of 9:", "is 7; on 4", "6 [5, 8]"))
    assert "automl resume" in on.remarks(candidate, validated)[0]
    few = on.remarks(candidate, {**validated, **held_out, "held_out_seeds": 3.0})
    assert few[2].startswith("Of 4 held-out seeds 3 gave a value")


def test_a_finished_configuration_learns_again():
    pytest.importorskip("mo_gymnasium")
    on = MorlTrainer("deep-sea-treasure-v0", steps=300, held_out=2)
    outcome = on.finish(configuration(), weights=None, seed=0, report=quiet)
    told = {"test/hypervolume": np.array([2.0, 3.0]), "test/default": np.array([1.0, 1.5])}
    tuned = MorlTrainer.load(configuration(), {**outcome.weights, **told}, on.facts())
    assert (tuned.held_out, tuned.default) == ([2.0, 3.0], [1.0, 1.5])
    assert np.mean(tuned.validated) == outcome.metrics["hypervolume"]
    learner = tuned.learner(seed=3)
    learner.advance(200)
    assert learner.steps >= 200
    assert set(MorlTrainer.files(tuned)) == {"configuration.json"}


def test_streams_of_seeds_never_meet():
    training = {seed_of("training", seed, run) for seed in range(200) for run in range(5)}
    validation, held_out = ({seed_of(stream, run) for run in range(100)} for stream in ("validation", "held out"))
    assert len(training) == 1000
    assert len(training | validation | held_out) == 1200


def test_random_policies_give_a_reference_where_nobody_did():
    on = trainer(reference=None)
    assert on.estimated
    assert all(point < worst for point, worst in zip(on.reference, (1.0, -1.0), strict=True))
    assert any("reference point" in said for said in on.remarks(configuration(**GOOD), {"hypervolume": 1.0}))


class Fixed:
    """An algorithm of one's own: it always walks to a place that it was told."""

    default = {"share": 0.5}
    steps = 0

    @staticmethod
    def program(ask):
        ask("share", Reals(0.0, 1.0))

    def __init__(self, make, hyperparameters, plan):
        self.place = round(3 * hyperparameters["share"])

    def advance(self, steps):
        self.steps += steps

    def policies(self):
        return [self]

    def start(self):
        return lambda seen, reward: 0 if seen >= self.place else 1


def test_an_algorithm_of_ones_own_is_searched(tmp_path):
    summary = automl.search(
        "morl", data=Corridor, out=str(tmp_path / "run"), trials=8, controller="random", optuna="none", mlflow="none",
        set={"algorithm": ["test_morl_trainer:Fixed"], "reference": [0, -20], "gamma": 1.0, "held_out": 2},
    )  # fmt: skip
    assert summary.best.metrics["hypervolume"] == 8 * 16
    assert summary.best.candidate == Configuration("test_morl_trainer:Fixed", summary.best.candidate.hyperparameters)


@pytest.mark.parametrize(
    ("make", "settings", "error", "words"),
    [
        ("deep-sea-tresure-v0", {}, UnknownName, "deep-sea-treasure-v0"),
        (Scalar, {}, InvalidData, "vectors"),
        (Corridor, {"reference": (0.0,)}, UsageError, "1 numbers"),
        (Corridor, {"env_kwargs": "{"}, UsageError, "JSON"),
        (Corridor, {"env_kwargs": '{"depth": 3}'}, InvalidData, "cannot be made"),
        (Corridor, {"gamma": 0.0}, UsageError, "gamma"),
        (Corridor, {"seeds": 0}, UsageError, "seeds"),
    ],
)
def test_bad_input_is_refused(make, settings, error, words):
    with pytest.raises(error, match=words):
        trainer(make, **settings)


def test_tables_do_not_steer():
    facts = trainer(Steered).facts()
    with pytest.raises(UsageError, match="discrete"):
        MorlSpace(actions=facts["actions"], observations=facts["observations"])


def test_an_environment_that_breaks_says_why():
    with pytest.raises(RuntimeError, match="the door is stuck"):
        measured(trainer(Broken), configuration(**GOOD))


def test_returns_that_are_no_numbers_are_refused():
    with pytest.raises(FloatingPointError, match="finite"):
        measured(trainer(Endless), configuration())


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setattr(environments, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'automl-search\[morl\]'"):
        MorlTrainer()


def test_the_first_run_of_a_process_pays_for_no_imports(monkeypatch):
    events = []
    advance, clock = Tabular.advance, morl_trainer.time.process_time
    monkeypatch.setattr(morl_trainer, "_warm", set())
    monkeypatch.setattr(Tabular, "advance", lambda self, steps: events.append(steps) or advance(self, steps))
    monkeypatch.setattr(morl_trainer.time, "process_time", lambda: events.append("clock") or clock())
    on = trainer()
    for _ in range(2):
        measured(on, configuration(**GOOD))
    assert events[:2] == [1, "clock"]  # one step that does not count, before the clock starts
    assert events.count(1) == 1


def test_an_algorithm_that_is_not_installed_leaves_no_run_behind(monkeypatch, tmp_path):
    monkeypatch.setattr("automl.search_spaces.morl.space.find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingExtra, match="morl-baselines"):
        automl.search("morl", set={"algorithm": "pql"}, trials=1, quiet=True)
    assert not list(tmp_path.iterdir())


def test_what_is_fixed_is_fixed_in_the_default_of_a_comparison(tmp_path):
    settings = {"fixed.policies": "3", "reference": [0, -20], "steps": 200, "validation": 1, "held_out": 2}
    summary = automl.search(
        "morl", data=Corridor, out=str(tmp_path / "run"), trials=2, controller="random", optuna="none", mlflow="none",
        finalists=1, set=settings,
    )  # fmt: skip
    best = summary.best.candidate
    assert best.values["policies"] == 3
    assert default_beside(best).values == {**default_of(ALGORITHMS["tabular"]).values, "policies": 3}
