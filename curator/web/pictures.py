"""Serves the pictures of articles by content hash, to pages and to mails, for ever the same bytes."""

from fastapi import APIRouter, Response
from sqlalchemy import select

from curator.errors import NotFound
from curator.sources.models import Picture
from curator.web.access import Db

router = APIRouter()


@router.get("/pictures/{name}")
def picture(name: str, db: Db) -> Response:
    """The picture `{sha256 in hex}.{jpg|png|webp}`; 404 for anything else."""
    digest, _, _ = name.partition(".")
    try:
        sha256 = bytes.fromhex(digest)
    except ValueError:
        sha256 = b""
    found = db.execute(select(Picture.media_type, Picture.data).where(Picture.sha256 == sha256)).one_or_none()
    if found is None:
        raise NotFound("There is no such picture.")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(found.data, media_type=found.media_type, headers=headers)
