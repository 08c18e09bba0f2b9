"""Pictures by content hash: for ever the same bytes, never anything that runs."""

from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from curator.sources.pictures import store_picture
from tests.web.conftest import Browser


def png(size: tuple[int, int], colour: tuple[int, ...]) -> bytes:
    target = BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize(
    ("colour", "media_type", "ending"),
    [((9, 9, 200), "image/jpeg", "jpg"), ((9, 9, 200, 90), "image/png", "png")],
)
def test_both_sizes_are_served_to_everybody(
    colour: tuple[int, ...], media_type: str, ending: str, session: Session, anonymous: Browser
) -> None:
    picture = store_picture(session, png((1300, 650), colour))
    assert picture.small is not None
    for stored in (picture, picture.small):
        answer = anonymous.get(f"/pictures/{stored.sha256.hex()}.{ending}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        assert Image.open(BytesIO(answer.content)).size == (stored.width, stored.height)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "name", ["00" * 32 + ".jpg", "zz.jpg", "..%2f..%2fetc%2fpasswd", "%00.jpg", "a" * 5_000, "é.png"]
)
def test_any_other_name_is_no_picture(name: str, anonymous: Browser) -> None:
    assert anonymous.get(f"/pictures/{name}").status_code == 404
