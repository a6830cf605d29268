import pytest

from automl.core.budget import Budget, Spent, parse_seconds
from automl.core.errors import UsageError


def test_the_tightest_bound_gives_the_progress():
    spent = Spent(trials=5, evaluations=5, seconds=30.0, cost=8.0)
    assert spent.progress(Budget(trials=10, seconds=40.0)) == 0.75
    assert spent.progress(Budget(cost=4.0)) == 1.0
    assert spent.progress(Budget()) == 0.0


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("2d", 172800)])
def test_times_are_read(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5m", "ten", "5 weeks", "0.0s"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UsageError, match="not a time"):
        parse_seconds(text)


@pytest.mark.parametrize("bounds", [{"trials": 0}, {"evaluations": -1}, {"seconds": 0.0}, {"cost": float("nan")}])
def test_a_budget_is_positive(bounds):
    with pytest.raises(UsageError, match="positive"):
        Budget(**bounds)
