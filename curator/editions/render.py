"""An issue rendered once: data, design, styles in elements, links numbered, text part. Slots stay as marks.

Our own design is rendered in process; a design that people edit only in the limited child (see sandbox). Pure: no
database, no network, no clock.
"""

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from curator.editions.designs import render_design
from curator.editions.document import describe
from curator.editions.inline import inline, parse, serialise
from curator.editions.links import Links, RenderedLink
from curator.editions.plain_text import write_text
from curator.editions.sandbox import render_limited
from curator.editions.slots import Marks
from curator.issues.content import IssueContent


@dataclass(frozen=True)
class Rendered:
    """The two bodies with marks, the links they hold, the slots they use, and addresses that could not be kept."""

    html: str
    text: str
    links: tuple[RenderedLink, ...]
    slots: frozenset[str]
    refused: tuple[str, ...] = ()


def render_issue(content: IssueContent, *, public_url: str, banner: str = "") -> Rendered:
    """Render an issue; `TemplateFailed` says which template and why. `banner` is a line for test mails only."""
    marks = Marks(content.content_hash)
    data = describe(content, marks, public_url=public_url, banner=banner)
    page = _page_of(content, data)
    links = Links(marks)
    links.take_from(page)
    _drop_data(page)
    html = _without_braces(serialise(page))
    text = write_text(content, links, public_url=public_url, banner=banner)
    return Rendered(
        html=html,
        text=text,
        links=tuple(links.found.values()),
        slots=marks.names(html) | marks.names(text),
        refused=tuple(links.refused),
    )


def _page_of(content: IssueContent, data: dict[str, Any]) -> etree._Element:
    """The page with its styles in its elements. What people wrote is rendered and inlined in the child."""
    own = content.newsletter.own_design
    if own is None:
        name = content.newsletter.design
        return inline(render_design(name, data), f"the design {name}")
    return parse(render_limited(own.files, data, based_on=own.based_on))


def _drop_data(page: etree._Element) -> None:
    for element in page.iter(etree.Element):
        element.attrib.pop("data-item", "")


def _without_braces(html: str) -> str:
    """Content with template braces prints literally everywhere, also where another system merges mails again."""
    parts = re.split(r"(?is)(<style.*?</style>)", html)
    return "".join(part if number % 2 else re.sub(r"\{(?=[{%])", "&#123;", part) for number, part in enumerate(parts))
