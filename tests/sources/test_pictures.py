import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.errors import Invalid
from curator.sources.models import Picture
from curator.sources.pictures import LARGEST_PICTURE, SMALLER, WIDEST, encode_again, store_picture


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
    large = encode_again(picture(kind=kind)).large
    assert (large.media_type, large.width, large.height) == ("image/jpeg", 300, 200)
    assert opened(large.data).format == "JPEG"


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1"])
def test_transparent_ones_stay_png_and_other_modes_are_converted(mode: str) -> None:
    large = encode_again(picture(mode=mode)).large
    assert large.media_type == ("image/png" if mode == "RGBA" else "image/jpeg")
    assert opened(large.data).mode in ("RGB", "RGBA")


def test_one_that_could_be_transparent_and_is_not_becomes_jpeg() -> None:
    target = BytesIO()
    Image.new("RGBA", (900, 500), (200, 30, 30, 255)).save(target, "PNG")
    assert [size.media_type for size in encode_again(target.getvalue()) if size] == ["image/jpeg", "image/jpeg"]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_two_sizes_of_what_is_wide(mode: str) -> None:
    large, small = encode_again(picture((2400, 1000), mode))
    assert small is not None
    assert (large.width, large.height, small.width, small.height) == (WIDEST, 500, SMALLER, 250)
    assert [opened(size.data).size for size in (large, small)] == [(WIDEST, 500), (SMALLER, 250)]
    assert large.media_type == small.media_type


def test_one_size_of_what_is_narrow() -> None:
    assert encode_again(picture((SMALLER, 400))).small is None


def test_a_very_tall_one_is_kept_within_bounds() -> None:
    large, _ = encode_again(picture((600, 12_000)))
    assert (large.width, large.height) == (200, 4_000)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_position_and_comments_are_gone_and_the_picture_is_upright(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    exif[0x010E] = "secret"
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    exif.get_ifd(0x8825)[2] = (52.0, 22.0, 12.0)
    options = {"comment": b"secret"} if kind == "JPEG" else {"xmp": b"<x>secret</x>"} if kind == "WEBP" else {}
    given = picture((1_200, 800), kind=kind, exif=exif, **options)
    assert opened(given).getexif().get_ifd(0x8825)
    for size in encode_again(given):
        assert size is not None
        assert size.width < size.height
        read = opened(size.data)
        assert not read.getexif()
        assert not {"exif", "comment", "xmp", "icc_profile"} & read.info.keys()
        assert b"secret" not in size.data


PAYLOADS = [b"<script>alert(1)</script>", b"<?php system('id') ?>", b"PK\x03\x04evil.jar", b"%PDF-1.7 /JavaScript"]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_else_a_polyglot_is_does_not_come_along(kind: str, payload: bytes) -> None:
    texts = PngInfo()
    texts.add_text("Comment", payload.decode("latin-1"))
    inside = {"PNG": {"pnginfo": texts}, "GIF": {"comment": payload}, "JPEG": {"comment": payload}}.get(kind, {})
    given = picture(kind=kind, **inside) + payload  # type: ignore[arg-type]
    assert payload not in encode_again(given).large.data


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_only_begins_or_ends_like_a_picture_is_refused(payload: bytes) -> None:
    for head in (b"GIF89a/*", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"):
        with pytest.raises(Invalid, match="picture"):
            encode_again(head + payload * 20)
    with pytest.raises(Invalid, match="picture"):
        encode_again(payload + picture())


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    given = picture((640, 480), kind="JPEG", progressive=True)
    scan = given[given.index(b"\xff\xda") : -2]
    with pytest.raises(Invalid, match="Save it anew"):
        encode_again(given[:-2] + scan * 100 + given[-2:])


def bomb(side: int, height: int = 0) -> bytes:
    """A PNG that says it is huge; its pixels would fill the memory."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, height or side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [7_000, 30_000])
def test_huge_ones_are_refused_by_their_header(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded it"))
    with pytest.raises(Invalid):
        encode_again(bomb(side))


def test_a_strip_is_refused_by_its_header_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded it"))
    with pytest.raises(Invalid, match="longer than 30,000 pixels"):
        encode_again(bomb(1, 39_000_000))


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
    assert (first.media_type, first.width, first.height, first.small) == ("image/jpeg", 300, 200, None)
    assert opened(first.data).size == (300, 200)


def test_both_sizes_are_stored_and_the_small_one_is_found_by_the_large(session: Session) -> None:
    wide = store_picture(session, picture((1_300, 650)))
    assert wide.small is not None
    assert (wide.width, wide.small.width, wide.small.height) == (WIDEST, SMALLER, 300)
    assert store_picture(session, picture((1_300, 650))).id == wide.id
    assert session.scalar(select(func.count()).select_from(Picture)) == 2
