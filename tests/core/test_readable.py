"""JSON with a line for each entry."""

import json

from hypothesis import given
from hypothesis import strategies as st

from automl.core.readable import readable_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def test_a_line_for_each_entry_and_for_those_of_what_is_opened():
    body = {"width": 8, "tables": [{"rows": [0, 3]}, {"rows": []}], "fields": {"user": [1], "item": []}}
    assert readable_json(body, "tables", "fields").splitlines() == [
        "{",
        ' "width": 8,',
        ' "tables": [',
        '  {"rows": [0, 3]},',
        '  {"rows": []}',
        " ],",
        ' "fields": {',
        '  "user": [1],',
        '  "item": []',
        " }",
        "}",
    ]
    assert len(readable_json(body).splitlines()) == 2 + len(body)


@given(
    st.dictionaries(st.text(max_size=5), PLAIN, max_size=4),
    st.lists(PLAIN, max_size=3),
    st.dictionaries(st.text(max_size=5), PLAIN, max_size=3),
)
def test_it_is_json_of_what_was_given(rest, several, named):
    body = {**rest, "several": several, "named": named}
    assert json.loads(readable_json(body, "several", "named", "absent")) == body
