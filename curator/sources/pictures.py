"""Pictures of articles: decoded, turned upright, made smaller and encoded anew, so that only pixels are left.

Never stores what it was given: EXIF, scripts and anything appended are gone. SVG and all else is refused.
"""

import hashlib
import warnings
from io import BytesIO

from PIL import Image, ImageOps
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.errors import Invalid
from curator.sources.models import Picture

WIDEST = 1_200
"""Pixels; twice the width of a mail, for dense screens."""

LARGEST_PICTURE = 10_000_000
_MOST_PIXELS = 40_000_000
_TALLEST = 4_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def store_picture(session: Session, data: bytes) -> Picture:
    """The picture in `data` (JPEG, PNG, WebP, GIF), stored once as JPEG, or as PNG where it is transparent.

    At most 1200 pixels wide. `Invalid` for anything else, for over 10 MB and for over 40 megapixels.
    """
    return keep_picture(session, *encode_again(data))


def keep_picture(session: Session, encoded: bytes, media_type: str, size: tuple[int, int]) -> Picture:
    """The row of a picture that `encode_again` made; the same bytes are kept once."""
    digest = hashlib.sha256(encoded).digest()
    values = {"sha256": digest, "media_type": media_type, "width": size[0], "height": size[1], "data": encoded}
    session.execute(insert(Picture).values(values).on_conflict_do_nothing(index_elements=[Picture.sha256]))
    return session.scalars(select(Picture).where(Picture.sha256 == digest)).one()


def encode_again(data: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """The same picture as new bytes, with media type and size in pixels. The size is checked before decoding."""
    if len(data) > LARGEST_PICTURE:
        raise Invalid("The picture is larger than 10 MB. Make it smaller and try again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=_FORMATS) as opened:
                return _encoded(_pixels(opened))
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise Invalid("That is not a picture we can use. Take a JPEG, PNG, WebP or GIF.") from error


def _pixels(opened: Image.Image) -> Image.Image:
    """Upright, in RGB or RGBA, within the greatest size; of an animation the first frame."""
    if opened.width * opened.height > _MOST_PIXELS or min(opened.size) < 1:
        raise Invalid("The picture has more than 40 megapixels. Make it smaller and try again.")
    opened.draft("RGB", (WIDEST * 2, _TALLEST))
    upright = ImageOps.exif_transpose(opened)
    is_transparent = upright.has_transparency_data
    pixels = upright.convert("RGBA" if is_transparent else "RGB")
    pixels.thumbnail((WIDEST, _TALLEST), Image.Resampling.LANCZOS)
    return pixels


def _encoded(pixels: Image.Image) -> tuple[bytes, str, tuple[int, int]]:
    """Encoded from a bare copy: what `info` holds (profiles, comments) is not written."""
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    target = BytesIO()
    if bare.mode == "RGBA":
        bare.save(target, "PNG", optimize=True)
        return target.getvalue(), "image/png", bare.size
    bare.save(target, "JPEG", quality=82, progressive=True)
    return target.getvalue(), "image/jpeg", bare.size
