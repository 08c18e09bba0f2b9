"""Pictures of articles: decoded, turned upright, made smaller and encoded anew in two sizes: only pixels are left.

Never stores what it was given: EXIF, scripts and anything appended are gone. SVG and all else is refused.
"""

import hashlib
import warnings
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.errors import Invalid
from curator.sources.models import Picture

WIDEST = 1_200
"""Pixels; twice the width of a mail, for dense screens."""

SMALLER = 600
"""Pixels; for lists, for pictures beside a text, and for the width of a phone."""

LARGEST_PICTURE = 10_000_000
_MOST_PIXELS = 40_000_000
_LONGEST_SIDE = 30_000  # pixels; a strip one pixel wide takes ten times the memory of a square
_MOST_SCANS = 100  # of a progressive JPEG, each of which decodes all of it; cameras and sites write 1 to 10
_TALLEST = 4_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class Raster(NamedTuple):
    """One size of a picture: new bytes, and its size in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


class EncodedPicture(NamedTuple):
    """A picture in its two sizes. `small` is None where the large one is no wider than that."""

    large: Raster
    small: Raster | None


def store_picture(session: Session, data: bytes) -> Picture:
    """The picture in `data` (JPEG, PNG, WebP, GIF), stored once as JPEG, or as PNG where it is transparent.

    At most 1200 pixels wide, and 600 as its `small`. `Invalid` for anything else, over 10 MB and over 40 megapixels.
    """
    return keep_picture(session, encode_again(data))


def keep_picture(session: Session, encoded: EncodedPicture) -> Picture:
    """The row of a picture that `encode_again` made; the same bytes are kept once."""
    large = _keep(session, encoded.large)
    if encoded.small and large.small_id is None:
        small = _keep(session, encoded.small)
        session.execute(update(Picture).where(Picture.id == large.id).values(small_id=small.id))
        session.refresh(large)
    return large


def encode_again(data: bytes) -> EncodedPicture:
    """The same picture as new bytes, in two sizes. Its own size is checked before anything is decoded."""
    if len(data) > LARGEST_PICTURE:
        raise Invalid("The picture is larger than 10 MB. Make it smaller and try again.")
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > _MOST_SCANS:
        raise Invalid("That is not a picture we can use. Save it anew as JPEG or PNG and try again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=_FORMATS) as opened:
                pixels = _pixels(opened)
                large, small = _encoded(pixels), None
                if pixels.width > SMALLER:
                    pixels.thumbnail((SMALLER, _TALLEST), Image.Resampling.LANCZOS)
                    small = _encoded(pixels)
                return EncodedPicture(large, small)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise Invalid("That is not a picture we can use. Take a JPEG, PNG, WebP or GIF.") from error


def _keep(session: Session, raster: Raster) -> Picture:
    digest = hashlib.sha256(raster.data).digest()
    values = {"sha256": digest, **raster._asdict()}
    session.execute(insert(Picture).values(values).on_conflict_do_nothing(index_elements=[Picture.sha256]))
    return session.scalars(select(Picture).where(Picture.sha256 == digest)).one()


def _pixels(opened: Image.Image) -> Image.Image:
    """Upright, in RGB or RGBA, within the greatest size; of an animation the first frame."""
    if opened.width * opened.height > _MOST_PIXELS or min(opened.size) < 1:
        raise Invalid("The picture has more than 40 megapixels. Make it smaller and try again.")
    if max(opened.size) > _LONGEST_SIDE:
        raise Invalid(f"The picture is longer than {_LONGEST_SIDE:,} pixels. Cut it and try again.")
    opened.draft("RGB", (WIDEST * 2, _TALLEST))
    upright = ImageOps.exif_transpose(opened)
    pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    pixels.thumbnail((WIDEST, _TALLEST), Image.Resampling.LANCZOS)
    return pixels if _is_transparent(pixels) else pixels.convert("RGB")


def _is_transparent(pixels: Image.Image) -> bool:
    """Whether anything shines through: screenshots have the channel for it, full, and would stay PNGs of megabytes."""
    return pixels.mode == "RGBA" and pixels.getchannel("A").getextrema() != (255, 255)


def _encoded(pixels: Image.Image) -> Raster:
    """Encoded from a bare copy: what `info` holds (profiles, comments) is not written."""
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    target = BytesIO()
    if bare.mode == "RGBA":
        bare.save(target, "PNG", optimize=True)
        return Raster(target.getvalue(), "image/png", *bare.size)
    bare.save(target, "JPEG", quality=82, progressive=True)
    return Raster(target.getvalue(), "image/jpeg", *bare.size)
