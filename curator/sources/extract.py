"""What is known of an article once its text or page has been read. A value: no database, no network."""

from dataclasses import dataclass
from datetime import datetime

from curator.sources.markup import text_of
from curator.sources.picture_choice import FoundPicture
from curator.sources.prose import clean_line, count_words, summary_of
from curator.sources.quote import quote_of

_MOST_TAGS = 12


@dataclass(frozen=True)
class Extract:
    """One article. `published_at` is aware and keeps its offset; `body_html` is sanitised; `words` counts the body.

    `pictures` are candidates, best first. `is_free`: whether anybody may read the page, where it says so.
    """

    title: str
    author: str
    site: str
    language: str
    published_at: datetime | None
    tags: tuple[str, ...]
    summary: str
    quote: str
    body_html: str
    body_text: str
    words: int
    pictures: tuple[FoundPicture, ...]
    address: str | None
    is_free: bool | None = None


def compose(
    *,
    title: str,
    body_html: str,
    language: str,
    author: str = "",
    site: str = "",
    published_at: datetime | None = None,
    tags: tuple[str, ...] = (),
    description: str = "",
    pictures: tuple[FoundPicture, ...] = (),
    address: str | None = None,
    is_free: bool | None = None,
) -> Extract:
    """An extract whose text, counts, summary and quote follow from sanitised `body_html`.

    The first two sentences are the summary; `description` stands in only where there is no body.
    """
    text = text_of(body_html)
    return Extract(
        title=clean_line(title),
        author=clean_line(author, 200),
        site=clean_line(site, 200),
        language=language,
        published_at=published_at,
        tags=tidy_tags(tags),
        summary=summary_of(text) or clean_line(description, 420),
        quote=quote_of(text),
        body_html=body_html,
        body_text=text,
        words=count_words(text),
        pictures=pictures,
        address=address,
        is_free=is_free,
    )


def tidy_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Without `#`, blanks, repeats and sentences; at most twelve, in the order given."""
    cleaned = [clean_line(tag.strip().lstrip("#"), 60) for tag in tags[:100]]
    kept = {tag.casefold(): tag for tag in cleaned if tag and len(tag) <= 50 and tag[0] != "@"}
    return tuple(kept.values())[:_MOST_TAGS]
