"""The sample's articles with their pictures, inserted as sets: what reading the pages would have left."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import insert
from sqlalchemy.orm import Session

from curator.demo.pictures import HEIGHT, MOTIFS, WIDTH, draw_picture
from curator.demo.sample import DISMISSED, LATER, STARRED, SampleArticle
from curator.sources.extract import compose
from curator.sources.identity import address_key, canonical_address, content_hash, sketch
from curator.sources.models import Article, CapturedBy, Picture, Triage

COPIES = (
    (
        "01",
        "Eemsbode",
        "https://eemsbode.example/zeewater-koelt-datacenter",
        "Zeewater koelt datacenter in Delfzijl",
        True,
    ),
    (
        "01",
        "Netkrant",
        "https://netkrant.example/2026/delfzijl-zeewater",
        "Hoe Delfzijl zijn servers met zeewater koelt",
        None,
    ),
    ("23", "Netkrant", "https://netkrant.example/2026/klein-model-wint", "Klein taalmodel wint op papierwerk", False),
)
"""Told elsewhere too: of which article, at which site and address, under which title, whether anybody may read it."""


class Shelf(NamedTuple):
    """The sample's articles by name, and the ids of their rows."""

    articles: dict[str, SampleArticle]
    ids: dict[str, int]


def add_articles(session: Session, newsletter_id: int, samples: list[SampleArticle], now: datetime) -> Shelf:
    """All articles of the sample."""
    pictures = _add_pictures(session, samples)
    rows = [_row(newsletter_id, sample, pictures[sample.name], now) for sample in samples]
    ids = session.scalars(insert(Article).returning(Article.id, sort_by_parameter_order=True), rows)
    session.execute(insert(Article), [_copy(newsletter_id, samples, copy, now) for copy in COPIES])
    names = [sample.name for sample in samples]
    return Shelf(dict(zip(names, samples, strict=True)), dict(zip(names, ids, strict=True)))


def _copy(
    newsletter_id: int, samples: list[SampleArticle], copy: tuple[str, str, str, str, bool | None], now: datetime
) -> dict[str, Any]:
    """Nearly the words of another article, a few hours later."""
    name, site, address, title, is_free = copy
    told = next(sample for sample in samples if sample.name == name)
    paragraphs = told.body_html.split("\n")
    altered = told._replace(site=site, address=address, title=title, author="", body_html="\n".join(paragraphs[:-1]))
    row = _row(newsletter_id, altered, None, now)
    return row | {"is_free": is_free, "triage": Triage.CANDIDATE, "picture_alt": ""}


def _add_pictures(session: Session, samples: list[SampleArticle]) -> dict[str, int]:
    with ThreadPoolExecutor(2) as painters:  # Pillow works outside the interpreter's lock
        drawn = list(painters.map(lambda sample: draw_picture(sample.picture, int(sample.name)), samples))
    rows = [
        {"sha256": sha256(data).digest(), "media_type": "image/jpeg", "width": WIDTH, "height": HEIGHT, "data": data}
        for data in drawn
    ]
    ids = session.scalars(insert(Picture).returning(Picture.id, sort_by_parameter_order=True), rows)
    return dict(zip((sample.name for sample in samples), ids, strict=True))


def _row(newsletter_id: int, sample: SampleArticle, picture_id: int | None, now: datetime) -> dict[str, Any]:
    published_at = sample.published_at(now)
    extract = compose(
        title=sample.title,
        body_html=sample.body_html,
        language="nl",
        author=sample.author,
        site=sample.site,
        published_at=published_at,
        tags=sample.tags,
        address=sample.address,
    )
    offset = published_at.utcoffset() or timedelta(0)
    return {
        "newsletter_id": newsletter_id,
        "captured_by": CapturedBy.ADDRESS,
        "address": canonical_address(sample.address),
        "address_key": address_key(sample.address),
        "content_hash": content_hash(extract.title, extract.body_text),
        "title": extract.title,
        "author": extract.author,
        "site": extract.site,
        "language": extract.language,
        "published_at": published_at,
        "published_offset": int(offset.total_seconds()) // 60,
        "tags": list(extract.tags),
        "summary": extract.summary,
        "quote": extract.quote,
        "body_html": extract.body_html,
        "body_text": extract.body_text,
        "words": extract.words,
        "picture_id": picture_id,
        "picture_alt": MOTIFS[sample.picture].alt,
        "sketch": sketch(extract.body_text),
        "triage": _triage(sample.name),
        "created_at": min(published_at + timedelta(minutes=25), now),
    }


def _triage(name: str) -> Triage:
    for names, triage in ((STARRED, Triage.STARRED), (LATER, Triage.LATER), (DISMISSED, Triage.DISMISSED)):
        if name in names:
            return triage
    return Triage.CANDIDATE
