import numpy as np
import polars as pl
import pytest
from embeddings_logs import clicks, ratings

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data import Reading, read


def frame(**columns):
    """Return clicks with columns replaced; None removes one."""
    new = clicks().with_columns(pl.Series(n, v) for n, v in columns.items() if v is not None)
    return new.drop(n for n, v in columns.items() if v is None)


def test_the_task_follows_from_the_labels():
    assert read(clicks()).task == "ctr"
    assert read(ratings()).task == "rating"
    assert read(ratings(), Reading(positive_from=4)).task == "ctr"
    assert read(clicks(), Reading(task="rating")).task == "rating"
    assert read(frame(clicked=None)).task == "topk"
    one = read(frame(clicked=[1] * 400))
    assert one.task == "topk"
    assert "The task is topk: 'clicked' is 1 in all rows." in one.remarks


def test_labels_become_clicks_from_a_number_on():
    log = ratings()
    np.testing.assert_array_equal(read(log, Reading(positive_from=4)).labels, (log["rating"] >= 4).to_numpy())
    np.testing.assert_array_equal(read(log).labels, log["rating"].to_numpy())
    truth = read(frame(clicked=clicks()["clicked"] == 1))
    np.testing.assert_array_equal(truth.labels, clicks()["clicked"].to_numpy())


def test_rows_without_a_label_are_dropped():
    labels = [None if i % 10 == 0 else i % 2 for i in range(400)]
    dataset = read(frame(clicked=labels))
    assert len(dataset.labels) == 360
    assert "40 of 400 rows were dropped: 'clicked' is missing." in dataset.remarks


@pytest.mark.parametrize(
    ("data", "reading", "says"),
    [
        (ratings(), Reading(task="ctr"), "Labels of clicks are 0 or 1, .*Set positive_from=4"),
        (frame(clicked=[-1, 1] * 200), Reading(task="ctr"), "-1 for one"),
        (
            ratings(),
            Reading(schema={"rating": {"role": "label", "range": [1, 4]}}),
            r"its range of 1 to 4 .*, 5 for ex",
        ),
        (frame(clicked=[1.0, float("inf")] * 200), Reading(task="rating"), "not finite in 200 rows"),
        (frame(clicked=["yes", "no"] * 200), Reading(), "one value is 'yes'.*1 for a click and 0 for none"),
        (frame(clicked=[None] * 400), Reading(), "No row has a label 'clicked'"),
        (frame(clicked=[0] * 400), Reading(), "All 400 rows have the label 0"),
        (ratings(), Reading(positive_from=0), "All 400 rows have the label 1"),
        (frame(clicked=[2] * 400), Reading(), "All 400 rows have the label 2.*Name another label"),
        (ratings(), Reading(positive_from=9, task="topk"), "set a smaller positive_from"),
        (frame(clicked=None), Reading(task="ctr"), "No field is the label"),
        (frame(clicked=None, user_id=None), Reading(), "No field is the label"),
        (frame(user_id=None), Reading(task="topk"), "no field is the user"),
        (clicks().select("clicked"), Reading(), "no field to predict from"),
        (pl.DataFrame({"y": [1, 2, 3], "item": [1, 2, 3]}), Reading(), "The part '.*' is empty: 3 rows are too few"),
        (frame(clicked=[1] + [0] * 399), Reading(), "rows of the part '.*' have the same label"),
        (clicks(), Reading(min_count=300), "no group of users and items has 300 rows each"),
        (frame(user_id=None, item_id=None), Reading(min_count=2), "no field is the user or the item"),
    ],
)
def test_labels_and_rows_that_pose_no_task(data, reading, says):
    with pytest.raises(InvalidData, match=says):
        read(data, reading)


def test_equal_rows_are_remarked_for_clicks_and_kept():
    dataset = read(pl.concat([clicks(), clicks()[:7]]))
    assert len(dataset.labels) == 407
    assert [r for r in dataset.remarks if r.startswith("7 rows equal another one")]
    assert "1 row equals another one" in " ".join(read(pl.concat([ratings(), ratings()[:1]])).remarks)


def test_equal_pairs_are_merged_for_topk_and_the_earliest_stays():
    log = pl.DataFrame({"user": [1, 1, 2] * 30, "item": [i // 3 for i in range(90)], "timestamp": range(90)})
    twice = pl.concat([log.with_columns(pl.col("timestamp") + 1000), log])
    dataset = read(twice)
    # each user 1 meets an item twice, in the log and again in its later copy
    assert len(dataset.labels) == 60
    assert "120 rows were merged: pairs of user and item count once." in dataset.remarks
    assert "The rows were sorted by time, 'timestamp'." in dataset.remarks
    np.testing.assert_array_equal(read(log).ids, dataset.ids)
    assert set(dataset.labels) == {1.0}


def test_topk_keeps_clicks_only_and_leaves_features_out():
    log = clicks()
    dataset = read(log, Reading(task="topk"))
    assert [column.name for column in dataset.columns] == ["user_id", "item_id"]
    assert len(dataset.labels) == log.filter(pl.col("clicked") == 1).unique(["user_id", "item_id"]).height
    assert "Left out, as topk ranks by user and item alone: price, shop, when." in dataset.remarks
    liked = read(ratings(), Reading(task="topk", positive_from=4))
    assert len(liked.labels) == ratings().filter(pl.col("rating") >= 4).unique(["user", "item"]).height


def test_rows_without_a_user_count_for_clicks_but_not_for_topk():
    users = [None if i % 4 == 0 else i % 9 for i in range(400)]
    clicked = read(frame(user_id=users))
    assert (clicked.ids[:, 0] == 0).sum() == 100
    ranked = read(frame(user_id=users, clicked=None))
    assert "100 of 400 rows were dropped: the user or the item is missing." in ranked.remarks
    with pytest.raises(InvalidData, match="'user_id' is missing in 100 rows"):
        read(frame(user_id=users), Reading(split="user"))


def test_rare_users_and_items_are_dropped_until_none_is_left():
    random = np.random.default_rng(1)
    log = pl.DataFrame({"user": random.zipf(1.4, 900) % 200, "item": random.zipf(1.4, 900) % 200}).unique(
        maintain_order=True
    )
    dataset = read(log, Reading(min_count=3))
    assert np.bincount(dataset.ids[:, 0])[1:-1].min() >= 1
    pairs = pl.DataFrame(dataset.ids, schema=["user", "item"])
    unseen = [dataset.columns[place].rows - 1 for place in (0, 1)]
    for place, name in enumerate(("user", "item")):
        counts = pairs.filter(pl.col(name) != unseen[place]).group_by(name).len()
        assert counts["len"].min() >= 3
    assert [r for r in dataset.remarks if "user or item with fewer than 3" in r]


def test_reading_twice_gives_the_same_and_another_seed_another_split():
    one, same, other = (read(clicks(), Reading(seed=seed, max_rows=300)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.ids, same.ids)
    np.testing.assert_array_equal(one.parts, same.parts)
    assert (one.parts != other.parts).any()
