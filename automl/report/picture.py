"""The winner's picture: an SVG that may be shown, because nothing in it can act or fetch."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

from automl.archive import Archive

FILE = "best.svg"
"""Name of the picture in a run directory."""
LARGEST = 2_000_000
"""Characters; more would make the page slow."""
_ACTIVE = {"script", "foreignobject", "iframe", "embed", "object", "audio", "video", "animate", "set", "handler"}
_FETCHES = re.compile(r"url\s*\(\s*['\"]?\s*(?!#)|@import|javascript:", re.IGNORECASE)


def is_harmless(svg: str) -> bool:
    """Say whether a text is an SVG image without scripts, event handlers and references to anything outside it."""
    if len(svg) > LARGEST or "<!DOCTYPE" in svg.upper() or "<!ENTITY" in svg.upper():
        return False
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return False
    return root.tag == "{http://www.w3.org/2000/svg}svg" and all(map(_quiet, root.iter()))


def of(archive: Archive) -> str:
    """Return the picture in the run directory, nothing where there is none that may be shown."""
    try:
        svg = (archive.directory / FILE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    return svg if is_harmless(svg) else ""


def figure(archive: Archive) -> str:
    """Return the picture in the run directory as HTML, nothing where there is none.

    It is embedded as an image, inside which browsers run no script and fetch nothing, whatever the text says.
    """
    svg = of(archive)
    if not svg:
        return ""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img class="picture" alt="The best candidate" src="data:image/svg+xml;base64,{data}">\n'


def _quiet(element: ElementTree.Element) -> bool:
    if _local(str(element.tag)) in _ACTIVE or _FETCHES.search(element.text or ""):
        return False
    for name, value in element.attrib.items():
        plain = _local(name)
        if plain.startswith("on") or _FETCHES.search(value) or (plain in ("href", "src") and not value.startswith("#")):
            return False
    return True


def _local(name: str) -> str:
    return name.rpartition("}")[2].lower()
