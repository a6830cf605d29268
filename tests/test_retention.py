"""Which weights are kept: whatever the best trials end up being judged by, however the others end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result, Trial
from automl.ledger import Ledger
from automl.retention import Elite
from automl.weights import SMALL, WeightStore, read_weights

KEEP = 3
STEPS = st.tuples(
    st.integers(0, 5), st.sampled_from([0.5, 1.0]), st.integers(0, 4), st.integers(0, 4), st.booleans(), st.booleans()
)  # trial, effort, two metrics, whether it fails, whether the trial closes


def judged(objectives, results):
    """Return the trials as an archive would rank them."""
    paths = {}
    for result in results:
        paths.setdefault(result.proposal.trial, []).append(result)
    trials = []
    for number, path in paths.items():
        best = max(path, key=objectives.merit)
        trials.append(Trial(number, tuple(path), path.index(best) if best.outcome else None, "c", 0.0, 1.0))
    return [t for t in objectives.rank(trials) if objectives.feasible(t.metrics)], objectives.front(trials)


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=40), st.sampled_from([["max:a"], ["max:a", "min:b"], ["max:a", "b<=2"]]))
def test_the_best_trials_always_find_their_weights(steps, texts):
    objectives = Objectives.parse(texts)
    elite, results, done, kept = Elite(objectives, KEEP), [], set(), set()
    for number, (trial, effort, a, b, fails, closes) in enumerate(steps):
        if trial in done:
            continue
        outcome, error = (None, Failure("raised", "no")) if fails else (Outcome({"a": a, "b": b}), None)
        result = Result(number, Proposal(trial, number, "c", effort), outcome, error)
        results.append(result)
        elite.add(result)
        kept = (kept | {number}) & elite.ids  # what was deleted once does not come back
        if closes:
            done.add(trial)
            elite.close(trial)
            kept &= elite.ids
        ranked, front = judged(objectives, results)
        wanted = {t.judged.id for t in ranked[:KEEP]} | ({t.judged.id for t in front} if len(texts) > 1 else set())
        assert wanted <= kept
        assert len(kept) <= KEEP + len({r.proposal.trial for r in results} - done) + len(front)


def arrays(value, size=4):
    return {"w": np.full(size, value, dtype=np.float32)}


def test_small_weights_are_written_with_the_next_event_and_large_ones_at_once(tmp_path):
    with Ledger.create(tmp_path, {}) as ledger:
        store = WeightStore(tmp_path / "weights", ledger)
        store.save(0, arrays(1.0))
        store.save(1, arrays(2.0, SMALL))
        assert [0 in store, 1 in store] == [True, True]
        assert [path.name for path in (tmp_path / "weights").iterdir()] == ["1.safetensors"]
        with Ledger.read(tmp_path) as reader:
            assert reader.kept() == set()  # a kill now leaves neither the event nor its weights
        ledger.append("tell", {})
        assert read_weights(tmp_path, 0)
        assert read_weights(tmp_path, 1)
        assert read_weights(tmp_path, 2) is None
    with Ledger.resume(tmp_path) as ledger:
        again = WeightStore(tmp_path / "weights", ledger)
        assert np.array_equal(again.load(0)["w"], arrays(1.0)["w"])
        again.prune(())
        assert [0 in again, 1 in again] == [False, False]
        assert ledger.weights("0") is None
        ledger.append("tell", {})
    with Ledger.read(tmp_path) as reader:
        assert reader.kept() == set()
    assert not list((tmp_path / "weights").iterdir())


def test_an_event_that_cannot_be_written_leaves_no_weights(tmp_path):
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.stage("7", b"x")
        with pytest.raises(TypeError):
            ledger.append("tell", {"no": object()})
        with Ledger.read(tmp_path) as reader:
            assert reader.kept() == set()


def test_a_ledger_of_an_earlier_version_gets_its_table(tmp_path):
    with Ledger.create(tmp_path, {}) as ledger:
        ledger._rows("DROP TABLE weights")
    with Ledger.read(tmp_path) as reader:
        assert reader.kept() == set()
        assert reader.weights("1") is None
    with Ledger.resume(tmp_path) as ledger:
        ledger.stage("1", b"x")
        ledger.append("tell", {})
        assert ledger.kept() == {"1"}
