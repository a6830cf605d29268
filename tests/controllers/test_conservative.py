import math

import numpy as np
import pytest

from automl.controllers._agnn.alternatives import PARTS, Alternatives
from automl.controllers._agnn.classes import chosen, weights
from automl.controllers._agnn.critic import Critic
from automl.controllers._agnn.explorer import Explorer
from automl.controllers._agnn.policy import Policy, Shape, drawn
from automl.controllers._agnn.words import Word, dump_sentence, load_sentence
from automl.controllers.conservative import Conservative
from automl.controllers.random import Random
from automl.core.choices import at_random, group_of, replay, run
from automl.core.domains import Integers, Options, Reals
from automl.core.errors import Incompatible, UnknownName, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Result
from automl.core.space import SearchSpace
from automl.testing.controllers import ControllerContract
from automl.testing.drive import drive, follow
from automl.testing.towers import TowerSpace, TowerTrainer, landscape

ACCURACY = Objectives.parse(["max:val_accuracy"])
SMALL = {"units": 8, "start": 3, "restart": 8, "drafts": 2}
OPERATIONS = tuple("abcdef")


class Layers(SearchSpace):
    """Three layers with two classes of choices, one real number, and a mask."""

    def build(self, choose):
        layers = [(choose(f"layer{i}/op", OPERATIONS), choose(f"layer{i}/width", [8, 16, 32])) for i in range(3)]
        free = ("slow", "fast") if layers[0][0] == "a" else ("slow",)
        speed = choose("speed", ("slow", "fast", "never"), allowed=free)
        return (*layers, speed, choose("rate", Reals(1e-4, 1.0, log=True)))

    def load(self, json):
        return (*map(tuple, json[:3]), *json[3:])

    def dump(self, candidate):
        return [list(part) if isinstance(part, tuple) else part for part in candidate]


def goodness(candidate):
    """Return how many layers are right, with a little for the rate."""
    right = sum(op == "cab"[i] for i, (op, _) in enumerate(candidate[:3]))
    return right + 0.1 * math.log10(candidate[4])


def search(evaluations, *, scale=1.0, **settings):
    """Search the layers by hand; return the controller and its results."""
    goal = "max" if scale > 0 else "min"
    controller = Conservative(Layers(), Objectives.parse([f"{goal}:score"]), 0, **settings)
    results = []
    for number in range(evaluations):
        (proposal,) = controller.ask(1, 0.0)
        results.append(Result(number, proposal, Outcome({"score": scale * goodness(proposal.candidate)})))
        controller.tell(results[-1:])
    return controller, results


class TestConservativeContract(ControllerContract):
    evaluations = 20
    every = 4

    @pytest.fixture
    def make(self):
        return lambda space, objectives, seed: Conservative(space, objectives, seed, **SMALL)


class TestPaperContract(ControllerContract):
    evaluations = 12
    every = 5

    @pytest.fixture
    def make(self):
        paper = {**Conservative.profiles["paper"], "units": 8}
        return lambda space, objectives, seed: Conservative(space, objectives, seed, **paper)


def sentence():
    """Return a sentence in which two of four words are decisions, one of them under a mask."""
    return (
        Word("layer0/width", 3, 2, (0, 1, 2)),
        Word("layer0/op", 4, 1, (0, 1, 2, 3), decided=True),
        Word("layer1/op", 4, 3, (0, 1, 2, 3)),
        Word("layer2/op", 4, 0, (0, 2, 3), decided=True),
    )


@pytest.mark.parametrize("tanh_constant", [0.0, 2.5])
def test_gradients_are_those_of_finite_differences(tanh_constant):
    policy = Policy(Shape(units=5, bound=0.6, temperature=1.7, tanh_constant=tanh_constant), seed=3)
    found = policy.gradients(sentence(), weight=-1.3)
    assert set(found) >= {"cell/weight", "cell/bias", "token/op:4", "token/width:3", "decoder/op:4", "bias/op:4"}
    for name, gradient in found.items():
        array = policy.parameters.get(name, gradient.shape)
        for place in list(np.ndindex(array.shape))[:: max(1, array.size // 25)]:
            before, sides = array[place], []
            for shift in (1e-5, -1e-5):
                array[place] = before + shift
                sides.append(policy.log_likelihood(sentence()))
            array[place] = before
            expected = -1.3 * (sides[0] - sides[1]) / 2e-5
            assert gradient[place] == pytest.approx(expected, abs=1e-7, rel=1e-5), (name, place)


def test_a_lesson_makes_its_decisions_likelier_or_less_so():
    for advantage in (1.0, -1.0):
        policy = Policy(Shape(8, 0.1, 1.0, 0.0), 0)
        before = policy.log_likelihood(sentence())
        for _ in range(5):
            policy.learn(sentence(), advantage, 1e-2)
        assert (policy.log_likelihood(sentence()) - before) * advantage > 0.01


def test_a_conversation_is_read_as_the_sentence_it_becomes():
    policy, rng = Policy(Shape(8, 0.9, 1.0, 0.0), 1), np.random.default_rng(0)
    heard, asked = sentence()[:1], sentence()[1:]
    listener = policy.listen(heard).again()
    for question in asked:
        listener.answer(question, rng if question.decided else None)
    assert len(listener.sentence) == 4
    expected = 0.0
    for i, said in enumerate(listener.said):
        before = policy.listen((*heard, *listener.said[:i]))
        expected += before.entropy_on([said]) if said.decided else 0.0
    assert listener.entropy == pytest.approx(expected, abs=1e-12)
    everything = policy.listen(heard).entropy_on(listener.said)
    assert everything > expected


def test_what_is_masked_has_no_probability():
    policy = Policy(Shape(4, 0.5, 1.0, 0.0), 0)
    p, _ = policy.softmax(Word("op", 4, 0, (0, 2)), np.ones(4))
    assert p[1] == p[3] == 0.0
    assert p.sum() == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    assert {drawn(p, rng) for _ in range(100)} == {0, 2}


def test_a_sentence_survives_json():
    assert load_sentence(dump_sentence(sentence())) == sentence()


@pytest.mark.parametrize(
    "domain",
    [
        Reals(-1.0, 1.0),
        Reals(1e-5, 1.0, log=True),
        Reals(2.0, 2.0),
        Integers(1, 1000, log=True),
        Integers(0, 999, step=3),
        Integers(3, 9, step=2),
        Options(("a", None, True, 1, 1.0)),
    ],
)
def test_every_alternative_holds_the_values_drawn_from_it(domain):
    known, rng = Alternatives(domain), np.random.default_rng(0)
    assert 1 <= known.size <= max(PARTS, 5)
    for index in range(known.size):
        values = [known.draw(index, None, rng) for _ in range(20)]
        assert all(value in domain for value in values)
        assert {known.index(value) for value in values} == {index}
    assert all(0 <= known.index(domain.sample(rng)) < known.size for _ in range(200))


def test_parts_of_a_long_domain_are_about_equally_likely():
    for domain in (Reals(1e-5, 1.0, log=True), Integers(0, 4000), Reals(0.0, 5.0)):
        known, rng = Alternatives(domain), np.random.default_rng(1)
        counts = np.bincount([known.index(domain.sample(rng)) for _ in range(3200)], minlength=PARTS)
        assert counts.min() > 140
        assert counts.max() < 270


def test_only_allowed_values_of_a_part_are_drawn():
    known, rng = Alternatives(Integers(0, 999)), np.random.default_rng(0)
    allowed = [3, 5, 700]
    opened = known.open(allowed)
    assert len(opened) == 2
    assert {known.draw(index, allowed, rng) for index in opened for _ in range(40)} == set(allowed)


def test_a_critic_favours_what_resembles_the_good_ones():
    critic, rng = Critic(), np.random.default_rng(0)
    space = [
        tuple(Word(f"layer{i}/op", 4, int(a), (0, 1, 2, 3)) for i, a in enumerate(answers))
        for answers in np.ndindex(4, 4, 4)
    ]
    assert critic.favourite(space[:3]) == 0
    goodness = [float(cell[0].answer == 2) + sum(w.answer == 3 for w in cell[1:]) for cell in space]
    for place in rng.permutation(64)[:30]:
        critic.hear(space[place], (0.0, goodness[place]))
    again = Critic()
    again.load_state_dict(critic.state_dict())
    for one in (critic, again):
        assert goodness[one.favourite(space)] == 3.0


def test_small_classes_are_not_starved_by_default():
    entropies = {"op": (8.0, 8.8), "link": (2.9, 3.2)}
    share = {
        by: weights(entropies, by)["link"] / sum(weights(entropies, by).values()) for by in ("normalised", "softmax")
    }
    assert share["normalised"] == pytest.approx(0.5, abs=0.02)
    assert share["softmax"] < 0.01
    assert chosen(weights(entropies, "argmax"), 1, None) == ["op"]
    assert sorted(chosen(weights(entropies, "proportional"), 2, np.random.default_rng(0))) == ["link", "op"]


def test_the_best_is_replaced_only_by_what_is_strictly_better():
    explorer = Explorer(patience=2)
    explorer.hear("first", (0.0, 1.0), 0)
    explorer.hear("equal", (0.0, 1.0), 0)
    assert (explorer.best, explorer.stalled) == ("first", 1)
    explorer.hear("better", (0.0, 1.1), 0)
    assert (explorer.best, explorer.stalled) == ("better", 0)
    explorer.hear("beyond a limit", (-0.1, 9.0), 0)
    explorer.hear("failed", None, 0)
    assert (explorer.best, explorer.restarts) == (None, 1)
    explorer.hear("late", (0.0, 2.0), 0)
    assert explorer.best is None


def test_restarts_begin_with_the_next_best_of_what_is_known_then_with_nothing():
    explorer = Explorer(patience=1)
    for name, score in (("third", 1.0), ("first", 3.0), ("second", 2.0)):
        explorer.know(name, (0.0, score))
    explorer.hear("first", (0.0, 3.0), 0)
    started = []
    for _ in range(4):
        started.append((explorer.best, explorer.standing and explorer.standing[1]))
        explorer.hear("failed", None, explorer.restarts)
    assert started == [("first", 3.0), ("second", 2.0), ("third", 1.0), (None, None)]


@pytest.mark.parametrize(("rewrite", "classes"), [("class", 1), ("class", 2), ("one", 1), ("some", 1)])
def test_every_offspring_is_an_edit_of_the_best_so_far(rewrite, classes):
    _, results = search(80, rewrite=rewrite, classes=classes, restart=0, start=1, units=8, redraws=0, drafts=1)
    best = results[0]
    for result in results[1:]:
        one, other = result.proposal.choices, best.proposal.choices
        changed = [name for name in one if name != "speed" and one[name] != other[name]]
        assert len({group_of(name) for name in changed}) <= classes
        assert rewrite != "one" or len(changed) <= 1
        if result.metrics["score"] > best.metrics["score"]:
            best = result
    assert best is not results[0]


def test_the_choices_of_a_proposal_build_its_candidate():
    controller = Conservative(TowerSpace(), ACCURACY, 0, **SMALL)
    for proposal in drive(controller, controller.space, TowerTrainer(), 15):
        again, _ = run(controller.space.build, replay(proposal.proposal.choices, _refuse))
        assert again == proposal.proposal.candidate


def test_nothing_is_proposed_twice_while_something_new_is_left():
    controller = Conservative(TowerSpace(), ACCURACY, 0, **SMALL)
    proposals = follow(controller, controller.space, TowerTrainer(), 60, workers=3).proposals
    assert len({proposal.candidate for proposal in proposals}) == 60


def test_a_space_without_anything_new_is_survived():
    class Coin(SearchSpace):
        def build(self, choose):
            return (choose("side", ("head", "tail")), choose("only", (1,)))

        def load(self, json):
            return tuple(json)

    controller = Conservative(Coin(), Objectives.parse(["max:x"]), 0, units=4, restart=3)
    for number in range(20):
        (proposal,) = controller.ask(1, 0.0)
        controller.tell([Result(number, proposal, Outcome({"x": float(proposal.candidate[0] == "head")}))])
    assert controller.diagnostics()["restarts"] >= 2.0


@pytest.mark.parametrize("settings", [{}, {"baseline": "best"}])
def test_the_unit_and_direction_of_the_objective_do_not_matter(settings):
    plain = [r.proposal for r in search(30, units=8, **settings)[1]]
    assert [r.proposal for r in search(30, units=8, scale=1000.0, **settings)[1]] == plain
    assert [r.proposal for r in search(30, units=8, scale=-1.0, **settings)[1]] == plain


def test_a_failure_counts_as_the_worst_so_far():
    def told(last):
        controller, _ = search(15, units=8, restart=0)
        (proposal,) = controller.ask(1, 0.0)
        controller.tell([Result(15, proposal, **last)])
        return controller

    failed = told({"error": Failure("raised", "no")})
    worst = min(standing[1] for standing in failed.state_dict()["standings"]["order"])
    terrible = told({"outcome": Outcome({"score": worst})})
    for group, value in failed.diagnostics().items():
        if group.startswith("baseline/"):
            assert value == pytest.approx(terrible.diagnostics()[group], abs=0.01)
    assert failed.diagnostics()["stalled"] == terrible.diagnostics()["stalled"]


def test_diagnostics_tell_entropies_baselines_and_restarts():
    controller, _ = search(40, units=8, restart=5)
    told = controller.diagnostics()
    assert {"entropy/op", "entropy/width", "entropy/rate", "baseline/op", "restarts"} <= set(told)
    assert 0.0 < told["entropy/op"] <= 3 * math.log(6) + 1e-9
    assert told["restarts"] >= 1.0


def test_it_learns_which_answers_are_good():
    controller, results = search(150, restart=0, redraws=0, drafts=1, rewrite="class")
    assert max(r.metrics["score"] for r in results) > 2.8
    assert controller.diagnostics()["entropy/op"] < 0.8 * 3 * math.log(6)


def test_on_towers_it_ends_above_chance_with_every_seed():
    def ends(make):
        return [
            np.mean([landscape(r.proposal.candidate) for r in results[-20:]])
            for results in (drive(make(seed), TowerSpace(), TowerTrainer(), 70, seed=seed) for seed in range(3))
        ]

    mine = ends(lambda seed: Conservative(TowerSpace(), ACCURACY, seed, units=8, rewrite="class"))
    chance = ends(lambda seed: Random(TowerSpace(), ACCURACY, seed))
    assert np.mean(mine) > np.mean(chance) + 0.04
    assert (np.array(mine) > chance).all()


@pytest.mark.parametrize(
    "settings",
    [{"classes": 0}, {"units": 0}, {"lr": 0.0}, {"restart": -1}, {"start": 0}, {"drafts": 0}, {"temperature": 0.0}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError):
        Conservative(TowerSpace(), ACCURACY, 0, **settings)


def test_a_class_choice_that_does_not_exist_suggests_one_that_does():
    with pytest.raises(UnknownName, match="normalised"):
        Conservative(TowerSpace(), ACCURACY, 0, class_choice="normalized")


def test_two_objectives_are_refused():
    with pytest.raises(Incompatible, match="one objective"):
        Conservative(TowerSpace(), Objectives.parse(["max:val_accuracy", "min:params"]), 0)


def _refuse(name, domain, allowed):
    raise AssertionError(f"{name} was not replayed")


def test_a_space_with_defaults_is_searched_from_them():
    class Known(TowerSpace):
        def defaults(self):
            return [{name: choice.value for name, choice in wanted.items()}]

    _, wanted = run(TowerSpace().build, at_random(np.random.default_rng(5)))
    first, second = Conservative(Known(), Objectives.parse(["max:val_accuracy"]), 1).ask(2, 0.0)
    assert {name: choice.value for name, choice in first.choices.items()} == Known().defaults()[0]
    assert second.candidate != first.candidate


def test_defaults_that_wait_for_their_turn_are_part_of_the_state():
    class Known(TowerSpace):
        def defaults(self):
            return [{name: choice.value for name, choice in other.items()} for other in (wanted, better)]

    wanted, better = (run(TowerSpace().build, at_random(np.random.default_rng(seed)))[1] for seed in (5, 6))
    objectives = Objectives.parse(["max:x"])
    controller = Conservative(Known(), objectives, 1, restart=2)
    for number in range(3):
        (proposal,) = controller.ask(1, 0.0)
        controller.tell([Result(number, proposal, Outcome({"x": float(number == 1)}))])
    taken_up = Conservative(Known(), objectives, 1, restart=2)
    taken_up.load_state_dict(controller.state_dict())
    known = controller.state_dict()["explorer"]["known"]
    assert taken_up.state_dict()["explorer"]["known"] == known
    assert [measured for measured, _ in known] == [[0.0, 1.0], [0.0, 0.0]]
