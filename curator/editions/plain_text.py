"""The plain text part, written from the blocks of an issue, never from its HTML: every word, every link, 76 columns.

An address longer than a line stands on a line of its own, whole, so that it can be followed.
"""

import re
from collections.abc import Callable

from curator.editions.document import clean, credit_line, facts_line, named_text, read_on
from curator.editions.links import Links
from curator.editions.wording import phrase
from curator.issues.content import IssueContent, ItemContent, SectionContent

WIDTH = 76

_LOOKS_LIKE_MARKUP = re.compile(r"<(?=[A-Za-z/!])|&(?=[A-Za-z#])|\{(?=[{%])")
_LEAD = re.compile(r"(?:> |- |\d{1,4}[.)] | +)*")


def write_text(content: IssueContent, links: Links, *, public_url: str, banner: str = "") -> str:
    """The issue as text with marks for slots; lines end in `\\n`."""
    language = content.newsletter.language
    measure = _measure(links, public_url)
    blocks = [banner, *_masthead(content, links), _prose(content.newsletter.header_text, links, None)]
    blocks += [_prose(content.intro_text, links, None)]
    sections = [section for section in content.sections if section.items]
    if len(sections) > 2:
        names = " · ".join(clean(section.name) for section in sections)
        blocks.append(f"{phrase(language, 'contents')}: {names}")
    for section in sections:
        blocks += _section(section, links, language)
    blocks += [_prose(content.outro_text, links, None), *_footer(content, links, public_url)]
    text = "\n\n".join(wrap(block, measure) for block in blocks if block.strip()) + "\n"
    return without_markup(text)


def wrap(text: str, measure: Callable[[str], int] = len) -> str:
    """Lines of at most `WIDTH` columns, broken at spaces; quotes and lists keep their indentation."""
    return "\n".join(line for paragraph in text.split("\n") for line in _wrapped(paragraph, measure))


def without_markup(text: str) -> str:
    """Text in which tags, entities and template braces cannot be taken for such: an unseen joiner stands in them.

    It reads as it was written, also in programs that guess plain text to be HTML.
    """
    return _LOOKS_LIKE_MARKUP.sub("\\g<0>\u2060", text)


def _wrapped(line: str, measure: Callable[[str], int]) -> list[str]:
    lead = _LEAD.match(line)
    first = lead[0] if lead else ""
    rest = re.sub(r"[^> ]", " ", first)
    lines, current, is_empty = [], first, True
    for word in line[len(first) :].split():
        if not is_empty and measure(current) + 1 + measure(word) > WIDTH:
            lines.append(current)
            current, is_empty = rest, True
        current += word if is_empty else " " + word
        is_empty = False
    return [*lines, current.rstrip()]


def _measure(links: Links, public_url: str) -> Callable[[str], int]:
    """Columns of a text in the reader's copy: a mark counts for what will stand there."""
    address = len(public_url) + len("/c/") + 46 + len("/99")
    widths = {"link": address, "day": 28, "name_text": 16}
    return lambda text: len(links.marks.pattern.sub(lambda found: "x" * widths.get(found[1], 46), text))


def _masthead(content: IssueContent, links: Links) -> list[str]:
    newsletter = content.newsletter
    number = phrase(newsletter.language, "issue", number=content.number)
    lines = [
        clean(newsletter.name),
        clean(newsletter.description),
        f"{number} · {links.marks.mark('day')}",
    ]
    rule = "_" * WIDTH
    return [clean(content.preheader), "\n".join([rule, *(line for line in lines if line.strip()), rule])]


def _section(section: SectionContent, links: Links, language: str) -> list[str]:
    label = f"[{clean(section.label)}]\n" if section.label.strip() else ""
    name = clean(section.name)
    title = f"{label}{name}\n{'-' * min(WIDTH, max(3, len(name)))}"
    return [title, *(block for item in section.items for block in _item(item, links, language))]


def _item(item: ItemContent, links: Links, language: str) -> list[str]:
    alt = clean(item.picture.alt) if item.picture else ""
    head = "\n".join(
        line
        for line in (f"* {clean(item.title)}", facts_line(item, language), f"[{alt}]" if alt.strip() else "")
        if line.strip()
    )
    blocks = [head, _prose(item.blurb_text, links, item.id)]
    if item.address and re.match(r"https?://", item.address, re.IGNORECASE):
        blocks.append(f"{read_on(item, language)}:\n{links.mark(item.address, clean(item.title), item.id)}")
    return [*blocks, credit_line(item, language)]


def _prose(text: str, links: Links, item_id: int | None) -> str:
    return links.take_from_text(named_text(text, links.marks), item_id)


def _footer(content: IssueContent, links: Links, public_url: str) -> list[str]:
    newsletter = content.newsletter
    places = (("leave", "u"), ("preferences", "p"), ("view", "v"))
    ways = [
        f"{phrase(newsletter.language, name)}:\n{public_url}/{letter}/{links.marks.mark(name)}"
        for name, letter in places
    ]
    why = phrase(newsletter.language, "why", newsletter=clean(newsletter.name))
    own = _prose(newsletter.footer_text, links, None)
    return ["-" * WIDTH, own, why, "\n\n".join(ways), clean(newsletter.postal_address)]
