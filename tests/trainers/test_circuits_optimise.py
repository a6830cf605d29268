"""The optimisers that see energies only: they arrive, they count, and the published sequences are what they say."""

import numpy as np
import pytest

from automl.trainers.circuits.optimise.adam_spsa import PUBLISHED, AdamSpsa, Moments, Stage, adam_spsa
from automl.trainers.circuits.optimise.cobyla import cobyla
from automl.trainers.circuits.optimise.spsa import CALIBRATIONS, Gains, calibrated, slope, spsa

START = np.array([0.4, -0.3, 0.2, 0.5])
GOAL = np.array([1.0, 0.5, -0.7, 0.1])


class Counted:
    """A landscape like that of angles: 1 - cos around the goal, with noise that fewer shots make larger."""

    def __init__(self, noise=0.0, seed=0):
        self.noise = noise
        self.rng = np.random.default_rng(seed)
        self.shares = []
        self.asked = []

    def __call__(self, angles, share=1.0):
        self.shares.append(share)
        self.asked.append(angles.copy())
        return exact(angles) + self.noise / np.sqrt(share) * self.rng.normal()


def exact(angles):
    return float(np.sum(1 - np.cos(angles - GOAL)) + 0.3 * np.sin(angles[0] - GOAL[0]) * np.sin(angles[1] - GOAL[1]))


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def test_the_gains_are_spalls():
    gains = Gains(a=2.0, c=0.1, stability=9.0)
    assert gains.step(0) == pytest.approx(2.0 / 10**0.602)
    assert gains.step(90) == pytest.approx(2.0 / 100**0.602)
    assert gains.width(0) == 0.1
    assert gains.width(9) == pytest.approx(0.1 / 10**0.101)


def test_a_slope_takes_two_energies_and_is_right_on_average(rng):
    energy = Counted()
    estimates = [slope(energy, START, 0.01, rng) for _ in range(4000)]
    assert len(energy.asked) == 8000
    step = np.eye(4) * 1e-6
    gradient = [(exact(START + h) - exact(START - h)) / 2e-6 for h in step]
    np.testing.assert_allclose(np.mean(estimates, axis=0), gradient, atol=0.05)


def test_calibration_makes_the_first_step_as_large_as_asked(rng):
    gains = calibrated(Counted(), START, Gains(a=1.0, c=0.05, stability=20.0), rng, first=0.1)
    sizes = [np.mean(np.abs(gains.step(0) * slope(Counted(), START, 0.05, rng))) for _ in range(200)]
    assert np.median(sizes) == pytest.approx(0.1, rel=0.35)


def test_calibration_leaves_a_flat_landscape_alone(rng):
    gains = Gains(a=1.0, c=0.05)
    assert calibrated(lambda angles, share=1.0: 2.0, START, gains, rng, first=0.1) == gains


def test_spsa_arrives_and_counts(rng):
    energy, seen = Counted(noise=0.002), []
    gains = calibrated(energy, START, Gains(a=1.0, c=0.1, stability=30.0), rng, first=0.1)
    before = len(energy.asked)
    assert before == 2 * CALIBRATIONS
    found = spsa(energy, START, gains, iterations=300, rng=rng, watch=lambda spent, at: seen.append((spent, exact(at))))
    assert found.energies == len(energy.asked) - before == 601
    assert exact(found.angles) < 0.005
    assert found.energy == pytest.approx(exact(found.angles), abs=0.02)
    assert [spent for spent, _ in seen] == list(range(2, 601, 2))
    assert seen[-1][1] < seen[0][1]


@pytest.mark.parametrize("keep_best", [True, False])
def test_adam_spsa_arrives_and_counts_every_energy(rng, keep_best):
    settings = AdamSpsa(
        Gains(0.5, 0.1, 0.8, 0.1), Moments(0.9, 0.99, 0.1), (Stage(150, 0.01), Stage(50, 0.1)), keep_best=keep_best
    )
    energy, seen = Counted(noise=0.001), []
    found = adam_spsa(energy, START, settings, rng=rng, watch=lambda spent, _: seen.append(spent))
    assert exact(found.angles) < 0.01
    assert found.energies == len(energy.asked) == 200 * (3 if keep_best else 2) + 1
    assert seen[-1] == found.energies - 1
    assert energy.shares.count(0.01) == 150 * (3 if keep_best else 2)
    assert energy.shares[-1] == 1.0


def test_counters_do_not_restart_between_stages():
    """Two stages of the same share are one long stage."""
    gains, moments = Gains(0.5, 0.1, 0.9, 0.1), Moments(0.9, 0.99, 0.5)
    runs = [
        adam_spsa(
            Counted(), START, AdamSpsa(gains, moments, stages, keep_best=False), rng=np.random.default_rng(3)
        ).angles
        for stages in [(Stage(40),), (Stage(25), Stage(15))]
    ]
    np.testing.assert_array_equal(*runs)


def test_the_first_steps_of_adam_spsa_by_hand():
    gains, moments = Gains(0.5, 0.1, 0.9, 0.1), Moments(0.8, 0.7, 0.5)
    signs = np.random.default_rng(5).choice([-1.0, 1.0], (2, 4))
    here, m, v = START.copy(), np.zeros(4), np.zeros(4)
    for k in range(2):
        c, beta1 = 0.1 / (k + 1) ** 0.1, 0.8 / (k + 1) ** 0.5
        g = (exact(here + c * signs[k]) - exact(here - c * signs[k])) / (2 * c * signs[k])
        m, v = beta1 * m + (1 - beta1) * g, 0.7 * v + 0.3 * g**2
        here = here - 0.5 / (k + 1) ** 0.9 * (m / (1 - beta1 ** (k + 1))) / (np.sqrt(v / (1 - 0.7 ** (k + 1))) + 1e-8)
    settings = AdamSpsa(gains, moments, (Stage(2),), keep_best=False)
    found = adam_spsa(Counted(), START, settings, rng=np.random.default_rng(5))
    np.testing.assert_allclose(found.angles, here, atol=1e-12)


def test_a_plain_start_is_a_gradient_step():
    gains, moments = Gains(0.5, 0.1, 0.9, 0.1), Moments(0.8, 0.7, 0.5)
    settings = AdamSpsa(gains, moments, (Stage(1),), plain_start=True, keep_best=False)
    found = adam_spsa(Counted(), START, settings, rng=np.random.default_rng(5))
    expected = START - 0.5 * slope(Counted(), START, 0.1, np.random.default_rng(5))
    np.testing.assert_allclose(found.angles, expected, atol=1e-14)


@pytest.mark.parametrize(("name", "steps"), [("lih-4q", (596, 179, 60)), ("lih-6q", (715, 215, 72)), ("h2-2q", (250,))])
def test_published_presets(name, steps):
    settings = PUBLISHED[name]
    assert tuple(stage.steps for stage in settings.stages) == steps
    assert settings.plain_start == (len(steps) == 1)
    assert sum(s.steps for s in settings.lasting(100).stages) == pytest.approx(100, abs=1)


def test_published_hyperparameters_arrive():
    energy = Counted(noise=0.001)
    found = adam_spsa(energy, START, PUBLISHED["lih-4q"], rng=np.random.default_rng(2))
    assert exact(found.angles) < 0.01


def test_cobyla_arrives_within_its_evaluations():
    energy = Counted()
    found = cobyla(energy, START, iterations=300, tolerance=1e-6)
    assert exact(found.angles) < 1e-6
    assert found.energies == len(energy.asked) <= 300
    assert found.energy == exact(found.angles)


def test_cobyla_cut_short_returns_the_best_it_has_seen():
    energy = Counted()
    found = cobyla(energy, START, iterations=12, tolerance=1e-6)
    assert len(energy.asked) <= 12
    assert found.energy == min(exact(at) for at in energy.asked) <= exact(START)


@pytest.mark.parametrize("how", ["spsa", "adam_spsa", "cobyla"])
def test_a_circuit_without_angles_takes_one_energy(how, rng):
    empty, energy = np.zeros(0), lambda angles, share=1.0: 3.0
    found = {
        "spsa": lambda: spsa(energy, empty, Gains(1.0, 0.1), iterations=5, rng=rng),
        "adam_spsa": lambda: adam_spsa(energy, empty, PUBLISHED["lih-4q"], rng=rng),
        "cobyla": lambda: cobyla(energy, empty, iterations=5, tolerance=1e-3),
    }[how]()
    assert (found.energy, found.energies, found.angles.shape) == (3.0, 1, (0,))


@pytest.mark.parametrize("how", ["spsa", "adam_spsa", "cobyla"])
def test_the_start_stays_as_it_is(how, rng):
    start = START.copy()
    if how == "spsa":
        spsa(Counted(), start, Gains(0.3, 0.1), iterations=5, rng=rng)
    elif how == "adam_spsa":
        adam_spsa(Counted(), start, PUBLISHED["lih-4q"].lasting(9), rng=rng)
    else:
        cobyla(Counted(), start, iterations=20, tolerance=1e-3)
    np.testing.assert_array_equal(start, START)
