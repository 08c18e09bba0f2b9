"""Pasted text of an article: the first line is its title, then perhaps a rubric, a date, an author and tags.

Keeps every sentence and shows markup as the literal text it is. Refuses what is not prose, and says so.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import groupby

from curator.errors import Invalid
from curator.sources.dates import find_date, zone_named
from curator.sources.entries import entry_address
from curator.sources.extract import Extract, compose
from curator.sources.language import language_of
from curator.sources.prose import LONGEST_LINE, clean_line, clean_text, count_words, first_words, paragraph

LONGEST_TEXT = 500_000
"""Characters of one paste; a long book chapter has 60,000."""

_NO_TEXT = "There is a title but no text below it. Paste the whole article."
_PROSE = 12  # words from which a line is a sentence and not a heading or a fact about the article
_HEADER_LINES = 12
_RUBRICS = {
    *("nieuws", "achtergrond", "analyse", "opinie", "interview", "column", "reportage", "recensie", "verslag"),
    *("artikel", "blog", "persbericht", "news", "analysis", "opinion", "feature", "review", "article", "background"),
    *("press release", "nachrichten", "hintergrund", "meinung", "kommentar", "pressemitteilung", "actualités"),
    *("actualité", "tribune"),
}
_BUTTONS = {
    *("share", "save", "print", "listen", "delen", "deel", "bewaren", "opslaan", "luister", "luisteren", "afdrukken"),
    *("teilen", "merken", "drucken", "anhören", "partager", "imprimer", "écouter"),
}
_ADDRESS_LINE = re.compile(
    r"(?:(?:bron|source|quelle|link|url|via|origineel|original|lees (?:het )?(?:hier|origineel))\s*:?\s*)?<?(https?://\S+?)>?",
    re.I,
)
_BYLINE = re.compile(r"(?i:door|by|von|par|auteur|author|autor|tekst)\s*:?\s+(?P<name>[^\W\d_a-zß-ÿ][^\d!?]{1,80})")
_TAG_LINE = re.compile(r"(?:tags?|trefwoorden|onderwerpen|topics?|schlagwörter|mots-clés)\s*:\s*(?P<tags>.+)", re.I)
_HASH_TAGS = re.compile(r"#\w[\w-]*(?:[\s,]+#\w[\w-]*)*")
_READING_TIME = re.compile(
    r"(?:(?:leestijd|lesezeit|temps de lecture):?\s*)?"
    r"\d{1,3}\s*min\w*\.?(?:\s*(?:lezen|leestijd|read|lesezeit|de lecture))?",
    re.I,
)
_BULLET = re.compile(r"(?:[-*•–‣◦]|\d{1,2}[.)])\s+(?P<rest>\S.*)")
_MARKED_HEADING = re.compile(r"#{1,6}\s+(?P<rest>\S.*?)\s*#*")
_CODED = re.compile(r"[A-Za-z0-9+/=_-]{60,}")


@dataclass
class _Facts:
    """What the lines between title and body say."""

    published_at: datetime | None = None
    author: str = ""
    address: str | None = None
    tags: list[str] = field(default_factory=list)
    is_started: bool = False


def read_text(text: str, *, timezone: str) -> Extract:
    """The article in a pasted text. `timezone` is that of its date line. `Invalid` when it is too long or no prose."""
    if len(text) > LONGEST_TEXT:
        raise Invalid(
            f"The text has {len(text):,} characters; {LONGEST_TEXT:,} is the most. Paste one article at a time.",
            characters=len(text),
        )
    cleaned = clean_text(text).strip()
    _refuse_junk(text, cleaned)
    language = language_of(cleaned)
    zone, facts = zone_named(timezone), _Facts()
    title, blocks = _take_title(_take_ends(_blocks(cleaned), facts, zone, language))
    blocks = _take_facts(blocks, facts, zone, language)
    if not blocks:
        raise Invalid(_NO_TEXT)
    return compose(
        title=title,
        author=facts.author,
        language=language,
        published_at=facts.published_at,
        tags=tuple(facts.tags),
        body_html=_body(blocks),
        address=facts.address,
    )


def _refuse_junk(text: str, cleaned: str) -> None:
    sample = cleaned[:20_000]
    letters = sum(map(str.isalpha, sample))
    visible = sum(not c.isspace() for c in sample)
    broken = text[:20_000].count("\ufffd") + len(text[:20_000]) - len(clean_text(text[:20_000].replace("\r\n", "\n")))
    if not visible:
        raise Invalid("There is no text in what was pasted. Copy the article's text and paste it again.")
    if re.fullmatch(r"https?://\S+", cleaned):
        raise Invalid("That is an address, not a text. Add it as an address and the page will be read.")
    coded = sum(map(len, _CODED.findall(sample)))
    if letters < visible * 0.5 or broken > len(sample) * 0.1 or coded > visible * 0.5:
        raise Invalid("That does not look like an article: it is mostly signs or code. Paste readable text.")
    if count_words(sample) < 4 or letters < 12:
        raise Invalid("That is too short for an article. Paste its title on the first line and its text below.")


def _blocks(cleaned: str) -> list[list[str]]:
    """Groups of lines parted by empty lines, each line on its own white space."""
    groups = re.split(r"\n[ \t]*\n\s*", cleaned)
    return [lines for group in groups if (lines := [line.strip() for line in group.split("\n") if line.strip()])]


def _take_ends(blocks: list[list[str]], facts: _Facts, zone: tzinfo, language: str) -> list[list[str]]:
    """The blocks without what stands above the title (an address, a line of day and time), and an address below all."""
    lines = [(number, line) for number, block in enumerate(blocks) for line in block]
    while len(lines) > 2 and _take_head(lines[0][1], facts, zone, language):
        lines = lines[1:]
    if (
        len(lines) > 2
        and (found := _ADDRESS_LINE.fullmatch(lines[-1][1]))
        and (address := entry_address(found[1], None))
    ):
        facts.address, lines = facts.address or address, lines[:-1]
    return [[line for _, line in group] for _, group in groupby(lines, key=lambda pair: pair[0])]


def _take_head(line: str, facts: _Facts, zone: tzinfo, language: str) -> bool:
    """A title may name a day; a line that has the time of day as well is no title."""
    if found := _ADDRESS_LINE.fullmatch(line):
        facts.address = facts.address or entry_address(found[1], None)
        return facts.address is not None
    dated = _date_of(line, zone, language) if re.search(r"\d[:.hH]\d\d", line) else None
    if dated is None or not (dated[0].hour or dated[0].minute):
        return False
    facts.published_at = facts.published_at or dated[0]
    return True


def _take_title(blocks: list[list[str]]) -> tuple[str, list[list[str]]]:
    """The first line that is no rubric; when it is a whole paragraph, its first sentence, and the body keeps it."""
    lines = blocks[0]
    if _is_rubric(lines[0]) and (len(lines) > 1 or len(blocks) > 1):
        blocks = [lines[1:], *blocks[1:]] if len(lines) > 1 else blocks[1:]
        lines = blocks[0]
    marked = _MARKED_HEADING.fullmatch(lines[0])
    title = marked["rest"] if marked else lines[0]
    is_only = len(lines) == 1 and len(blocks) == 1
    if len(title) > 250 or (is_only and count_words(title) >= _PROSE):
        return first_words(title), blocks
    if is_only:
        raise Invalid(_NO_TEXT)
    return clean_line(title, LONGEST_LINE), [rest for rest in (lines[1:], *blocks[1:]) if rest]


def _take_facts(blocks: list[list[str]], facts: _Facts, zone: tzinfo, language: str) -> list[list[str]]:
    """Date, author, address and tags from the lines before the first sentence; the other lines stay."""
    left: list[list[str]] = []
    seen = 0
    for number, lines in enumerate(blocks):
        until = next((i for i, line in enumerate(lines) if _is_prose(line, zone, language)), len(lines))
        head = lines[:until] if seen < _HEADER_LINES else []
        is_dated = any(_date_of(line, zone, language) for line in head)
        kept = [line for line in head if not _take_fact(line, facts, zone, language, is_dated)]
        left += [kept] if kept else []
        if len(head) < len(lines):
            return [*left, lines[len(head) :], *blocks[number + 1 :]]
        seen += len(lines)
    return left


def _take_fact(line: str, facts: _Facts, zone: tzinfo, language: str, is_dated: bool) -> bool:
    """Did this line say something about the article? Then `facts` has it. Rubrics and reading times say nothing."""
    if re.fullmatch(r"https?://\S+", line) and (address := entry_address(line, None)):
        facts.address = facts.address or address
        return True
    if tagged := _TAG_LINE.fullmatch(line) or _HASH_TAGS.fullmatch(line):
        facts.tags += re.split(r"\s*[,;#]\s*", tagged.groupdict().get("tags") or line)
        return True
    if dated := _date_of(line, zone, language):
        at, rest = dated
        facts.published_at = facts.published_at or at
        facts.author = facts.author or next(filter(None, map(_author_of, rest)), "")
        facts.is_started = True
        return True
    if author := _author_of(line):
        facts.author, facts.is_started = facts.author or author, True
        return True
    if _is_rubric(line) or line.casefold() in _BUTTONS or _READING_TIME.fullmatch(line):
        return True
    if facts.is_started and _is_tag(line) and (is_dated or line[0].islower()):
        facts.tags += re.split(r"\s*[,;|]\s*", line)
        return True
    return is_dated and not facts.is_started and count_words(line) <= 2


def _date_of(line: str, zone: tzinfo, language: str) -> tuple[datetime, tuple[str, str]] | None:
    """The date a line consists of, and what it says before and after: a weekday, "Published on", an author, when it was
    changed. At most five words besides the author, and no sentence."""
    found = find_date(line, zone, language) if len(line) <= 140 else None
    if not found:
        return None
    before, after = line[: found.start], line[found.end :]
    if changed := find_date(after, zone, language):
        after = f"{after[: changed.start]} {after[changed.end :]}"
    words = sum(count_words(part) for part in (before, after) if not _author_of(part))
    is_sentence = words > 2 and line[-1] in ".!?…"
    return (found.at, (before, after)) if words <= 5 and not is_sentence else None


def _author_of(line: str) -> str:
    line = line.strip(" ,|·•–—-")
    match = _BYLINE.fullmatch(line)
    return match["name"].strip(" .,") if match and count_words(line) <= 8 and not line.endswith(".") else ""


def _is_rubric(line: str) -> bool:
    return line.casefold().strip(":") in _RUBRICS


def _is_tag(line: str) -> bool:
    return (
        all(count_words(part) <= 3 and len(part) <= 40 for part in re.split(r"[,;|]", line)) and line[-1] not in ".!?:"
    )


def _is_prose(line: str, zone: tzinfo, language: str) -> bool:
    is_long = count_words(line) >= _PROSE or len(line) > 100
    return is_long and not _TAG_LINE.fullmatch(line) and not _date_of(line, zone, language)


def _body(blocks: list[list[str]]) -> str:
    """HTML of the paragraphs, with headings and lists recognised by their shape."""
    lines = [line for block in blocks for line in _unwrapped(block)]
    built: list[str] = []
    items: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if bullet := _BULLET.fullmatch(line):
            items.append(paragraph(bullet["rest"], "li"))
            continue
        if items:
            built.append(f"<ul>{''.join(items)}</ul>")
            items = []
        built.append(_built(line, following))
    return "\n".join([*built, f"<ul>{''.join(items)}</ul>"] if items else built)


def _built(line: str, following: str) -> str:
    if marked := _MARKED_HEADING.fullmatch(line):
        return paragraph(marked["rest"], "h2")
    return paragraph(line, "h2" if _is_heading(line, following) else "p")


def _unwrapped(lines: list[str]) -> list[str]:
    """A block whose lines were broken at a margin is one paragraph; else every line is one."""
    is_wrapped = len(lines) > 1 and all(45 <= len(line) <= 100 for line in lines[:-1])
    return [" ".join(lines)] if is_wrapped and not any(map(_BULLET.fullmatch, lines)) else lines


def _is_heading(line: str, following: str) -> bool:
    """A short line without a full stop before a paragraph."""
    is_short = count_words(line) < _PROSE and len(line) <= 90
    starts = line.lstrip("\"'“‘„«")[:1]
    return is_short and not starts.islower() and line[-1] not in ".!,;:…" and count_words(following) >= _PROSE
