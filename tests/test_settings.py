"""Settings that hold values by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from automl.core.errors import UnknownName, UsageError
from automl.core.space import SearchSpace
from automl.search_spaces.morl import MorlSpace
from automl.settings import assign

PLUGINS = {"space": MorlSpace}


@pytest.mark.parametrize(
    "given",
    [
        {"fixed.width": "64", "fixed.target": "soft", "fixed.envelope": "False"},
        {"space.fixed.width": "64", "space.fixed.target": "soft", "space.fixed.envelope": "false"},
        {"fixed": '{"width": 64, "target": "soft", "envelope": false}'},
        {"space.fixed": {"width": 32, "target": "soft"}, "space.fixed.width": "64", "space.fixed.envelope": False},
        {"space.fixed": {"width": 64, "target": "soft", "envelope": False}},
    ],
)
def test_entries_are_put_together(given):
    chosen = assign(given, PLUGINS)["space"]
    assert chosen == {"fixed": {"width": 64, "target": "soft", "envelope": False}}
    assert type(chosen["fixed"]["envelope"]) is bool


@pytest.mark.parametrize("given", [{"fixed": "64"}, {"fixed": "64", "fixed.width": "64"}])
def test_a_setting_that_holds_values_by_name_says_how_to_write_one(given):
    with pytest.raises(UsageError) as caught:
        assign(given, PLUGINS)
    assert "holds values by name" in caught.value.message
    assert "fixed.NAME=VALUE" in caught.value.hint


@dataclass(frozen=True)
class Field:
    type: str | None = None
    bins: int | None = None


@dataclass(frozen=True)
class Schema:
    fields: Mapping[str, Field] | None = None


class Described(SearchSpace[None]):
    """Takes a description, whole or by name."""

    def __init__(self, *, schema: Schema | Mapping[str, Any] | None = None) -> None: ...

    def build(self, choose): ...

    def load(self, json): ...


@pytest.mark.parametrize(
    "said", [{"user": "user", "day": "token"}, {"user": {"role": "user"}, "day": {"type": "token"}}, {}]
)
def test_a_mapping_stays_one_where_a_dataclass_would_do_too(said):
    assert assign({"schema": said}, {"space": Described})["space"]["schema"] == said
    entries = {f"schema.{name}": value for name, value in said.items()}
    assert assign(entries, {"space": Described})["space"].get("schema", {}) == said


def test_a_dataclass_is_the_mapping_that_says_the_same():
    schema = Schema({"day": Field(bins=7), "user": Field("token")})
    assert assign({"schema": schema}, {"space": Described})["space"] == {
        "schema": {"fields": {"day": {"bins": 7}, "user": {"type": "token"}}}
    }


def test_names_are_texts():
    with pytest.raises(UsageError, match="holds values by name"):
        assign({"schema": {0: "user"}}, {"space": Described})


@pytest.mark.parametrize("key", ["algorithm.width", "fixd.width", "fixed."])
def test_other_settings_have_no_entries(key):
    with pytest.raises(UnknownName):
        assign({key: "64"}, PLUGINS)
