"""Which pictures are shown."""

import pytest

from automl.report.picture import LARGEST, is_harmless

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


@pytest.mark.parametrize(
    "inner",
    [
        "", "<rect width='3' height='4' style='fill:red'/>", "<style>.a{fill:url(#g)}</style>",
        "<use href='#gate'/>", "<text>on click &lt;script&gt;</text>", "<g><path d='M0 0L1 1' fill='url(#g)'/></g>",
    ],
)  # fmt: skip
def test_plain_drawings_are_shown(inner):
    assert is_harmless(f"<svg {NS}>{inner}</svg>")


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>", "<rect onclick='alert(1)'/>", "<image href='https://x.org/a.png'/>",
        "<a xlink:href='javascript:alert(1)'><text>x</text></a>", "<style>@import 'https://x.org/a.css'</style>",
        "<rect fill='url(https://x.org/a)'/>", "<foreignObject><p>x</p></foreignObject>", "<animate/>",
        "<use xlink:href='data:image/svg+xml;base64,AA'/>", "<style>a{background:URL( \"http://x\")}</style>",
    ],
)  # fmt: skip
def test_what_acts_or_fetches_is_not(inner):
    assert not is_harmless(f"<svg {NS}>{inner}</svg>")


@pytest.mark.parametrize(
    "text",
    [
        "", "no xml", "<html><svg/></html>", "<svg/>", f"<svg {NS}>",
        f"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg {NS}>&a;</svg>", f"<svg {NS}>{'x' * LARGEST}</svg>",
    ],
)  # fmt: skip
def test_what_is_no_image_is_not(text):
    assert not is_harmless(text)
