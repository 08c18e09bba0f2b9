"""The frozen edition of an issue: rendered and compiled once per content, then never changed.

The same content, public address and design find the same row, also when two workers ask at the same time.
"""

import hashlib
from functools import lru_cache
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, undefer

from curator.editions.browser import browser_page
from curator.editions.compile import compile_message
from curator.editions.designs import templates_folder
from curator.editions.models import Edition, Link
from curator.editions.render import Rendered, render_issue
from curator.editions.segments import Segments
from curator.errors import NotFound
from curator.issues.content import IssueContent, load_content

__all__ = ["browser_page", "load_edition", "load_segments", "make_edition"]


def make_edition(session: Session, issue_id: int, *, public_url: str, inbound_domain: str) -> Edition:
    """The edition of the issue as it stands now, made if there is none; `TemplateFailed` when it cannot be rendered."""
    content = load_content(session, issue_id)
    key = _key(content, public_url, inbound_domain)
    found = session.scalar(select(Edition).where(Edition.issue_id == issue_id, Edition.content_hash == key))
    if found is not None:
        return found
    rendered = render_issue(content, public_url=public_url)
    segments = compile_message(content, rendered, public_url=public_url, inbound_domain=inbound_domain)
    return _write(session, content, key, rendered, segments)


def load_segments(session: Session, edition_id: int) -> Segments:
    """The compiled message of an edition."""
    return Segments.from_bytes(load_edition(session, edition_id).segments)


def _key(content: IssueContent, public_url: str, inbound_domain: str) -> bytes:
    """What an edition is found by: everything that decides its bytes."""
    parts = (content.content_hash, public_url.encode(), inbound_domain.encode(), _design_hash())
    return hashlib.sha256(b"\0".join(parts)).digest()


@lru_cache(maxsize=1)
def _design_hash() -> bytes:
    """A hash of our own design and wording: a new version of Curator renders anew."""
    digest = hashlib.sha256()
    for path in sorted((templates_folder() / "email").rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.digest()


def _write(session: Session, content: IssueContent, key: bytes, rendered: Rendered, segments: Segments) -> Edition:
    facts: dict[str, Any] = {
        **segments.facts,
        "marks": content.content_hash.hex(),
        "refused": list(rendered.refused),
        "design": content.newsletter.design,
    }
    own = content.newsletter.own_design
    statement = (
        upsert(Edition)
        .values(
            issue_id=content.issue_id,
            content_hash=key,
            subject=content.subject,
            tracking=content.newsletter.tracking,
            html=rendered.html,
            text=rendered.text,
            segments=segments.to_bytes(),
            html_bytes=segments.facts["html_bytes"],
            design_version_id=own.version_id if own else None,
            facts=facts,
        )
        .on_conflict_do_nothing(index_elements=[Edition.issue_id, Edition.content_hash])
        .returning(Edition.id)
    )
    created = session.scalar(statement)
    if created is not None and rendered.links:
        session.execute(
            insert(Link),
            [
                {
                    "edition_id": created,
                    "number": link.number,
                    "address": link.address,
                    "label": link.label,
                    "item_id": link.item_id,
                }
                for link in rendered.links
            ],
        )
    return session.scalars(
        select(Edition).where(Edition.issue_id == content.issue_id, Edition.content_hash == key)
    ).one()


def load_edition(session: Session, edition_id: int) -> Edition:
    """An edition with its segments; `NotFound` when there is none."""
    edition = session.scalar(select(Edition).options(undefer(Edition.segments)).where(Edition.id == edition_id))
    if edition is None:
        raise NotFound(f"There is no edition {edition_id}.", edition_id=edition_id)
    return edition
