import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.errors import Invalid
from curator.sources.models import Picture
from curator.sources.pictures import LARGEST_PICTURE, WIDEST, encode_again, store_picture


def picture(size: tuple[int, int] = (300, 200), mode: str = "RGB", kind: str = "PNG", **options: object) -> bytes:
    target = BytesIO()
    Image.new(mode, size, (200, 30, 30, 90)[: len(mode)] if mode in ("RGB", "RGBA") else 1).save(
        target, kind, **options
    )
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_known_formats_become_jpeg(kind: str) -> None:
    encoded, media_type, size = encode_again(picture(kind=kind))
    assert (media_type, size) == ("image/jpeg", (300, 200))
    assert opened(encoded).format == "JPEG"


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1"])
def test_transparent_ones_stay_png_and_other_modes_are_converted(mode: str) -> None:
    encoded, media_type, _ = encode_again(picture(mode=mode))
    assert media_type == ("image/png" if mode == "RGBA" else "image/jpeg")
    assert opened(encoded).mode in ("RGB", "RGBA")


def test_at_most_twice_the_width_of_a_mail() -> None:
    assert encode_again(picture((2400, 1000)))[2] == (WIDEST, 500)


def test_position_and_comments_are_gone_and_the_picture_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    given = picture(kind="JPEG", exif=exif, comment=b"secret") + b"<script>alert(1)</script>"
    encoded, _, size = encode_again(given)
    assert size == (200, 300)
    assert not opened(encoded).getexif()
    assert b"secret" not in encoded and b"script" not in encoded


def bomb(side: int) -> bytes:
    """A PNG that says it is huge; its pixels would fill the memory."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [7_000, 30_000])
def test_huge_ones_are_refused_by_their_header(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded it"))
    with pytest.raises(Invalid):
        encode_again(bomb(side))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        picture(kind="TIFF"),
        picture(kind="BMP"),
        picture()[:60],
        b"\xff\xd8\xff\xe0" + b"x" * 100,
        b"x" * (LARGEST_PICTURE + 1),
    ],
)
def test_all_else_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="picture"):
        encode_again(data)


def test_the_same_picture_is_stored_once(session: Session) -> None:
    first = store_picture(session, picture())
    assert store_picture(session, picture()).id == first.id
    assert store_picture(session, picture((301, 200))).id != first.id
    assert session.scalar(select(func.count()).select_from(Picture)) == 2
    assert (first.media_type, first.width, first.height) == ("image/jpeg", 300, 200)
    assert opened(first.data).size == (300, 200)
