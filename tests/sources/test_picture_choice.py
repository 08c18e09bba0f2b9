import pytest

from curator.sources.markup import parse
from curator.sources.picture_choice import MOST_PICTURES, FoundPicture, choose_pictures

ADDRESS = "https://news.example.org/2025/chips"


def chosen(body: str = "", linked: dict[str, object] | None = None, **meta: str) -> list[str]:
    return [found.address for found in found_in(body, linked, **meta)]


def found_in(body: str = "", linked: dict[str, object] | None = None, **meta: str) -> tuple[FoundPicture, ...]:
    tree = parse(f"<html><body><article><p>Tekst</p>{body}</article></body></html>")
    assert tree is not None
    return choose_pictures(tree, linked or {}, {name.replace("_", ":"): value for name, value in meta.items()}, ADDRESS)


def test_stated_for_machines_then_for_sharing_then_the_first_big_one() -> None:
    body = '<img src="/text.jpg" width="800" height="600"><img src="/second.jpg" width="800" height="600">'
    linked = {"image": {"url": "/linked.jpg"}}
    expected = [f"https://news.example.org/{name}.jpg" for name in ("linked", "shared", "text")]
    assert chosen(body, linked, og_image="/shared.jpg") == expected
    assert len(expected) == MOST_PICTURES
    assert chosen(body, og_image="/shared.jpg") == [*expected[1:], "https://news.example.org/second.jpg"]
    assert chosen(body)[0] == expected[2]
    assert chosen() == []


def test_a_landscape_one_before_other_shapes_of_it() -> None:
    shapes = [
        {"url": "/square.jpg", "width": 900, "height": 900},
        {"url": "/wide.jpg", "width": "1600", "height": "900"},
    ]
    assert chosen(linked={"image": shapes})[0] == "https://news.example.org/wide.jpg"
    assert chosen(linked={"image": ["/a.jpg", "/b.jpg"]})[0] == "https://news.example.org/a.jpg"


@pytest.mark.parametrize(
    "source",
    [
        "/img/logo.png",
        "/img/site-logo-wide.png",
        "/logo2.jpg",
        "/avatars/anna.jpg",
        "https://secure.gravatar.com/x/9fd72",
        "https://cdn.example.org/blavatar/9fd72",
        "/img/author/anna.jpg",
        "/pixel.gif",
        "/1x1.gif",
        "/img/og-default.jpg",
        "/facebook-default-wide.jpg",
        "/img/drawing.svg",
        "/favicon.ico",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "",
    ],
)
def test_logos_faces_counters_and_what_is_no_address_are_not_taken(source: str) -> None:
    body = f'<figure><img src="{source}" width="900" height="600"></figure>'
    assert chosen(body, {"image": source}, og_image=source) == []


def test_the_publishers_logo_is_no_picture_whatever_its_name() -> None:
    linked = {"image": "/h.png", "publisher": {"name": "x", "logo": {"url": "/h.png"}}}
    assert chosen(linked=linked) == []


@pytest.mark.parametrize(
    "name",
    [
        *("/catalogue.jpg", "/chronological.jpg", "/iconic-building.jpg", "/authors-day.jpg"),
        "/dims4/default/1a2b/2147483647/strip/true/crop/5000x2813+0+260/resize/1440x810!/quality/90/?url=x",
    ],
)
def test_names_that_only_resemble_those_are_taken(name: str) -> None:
    assert chosen(og_image=name) == [f"https://news.example.org{name}"]


@pytest.mark.parametrize(
    ("image", "source"),
    [
        ('<img src="/a.jpg" width="900px" height="600">', "a"),
        ('<figure><img data-src="/lazy.jpg" src="data:image/gif;base64,R0"></figure>', "lazy"),
        ('<img src="/s.jpg" srcset="/m.jpg 800w, /l.jpg 1600w, /huge.jpg 4000w">', "l"),
        ('<img src="/tiny.jpg" width="120" height="90">', None),
        ('<img src="/unknown.jpg">', None),
        ('<aside><img src="/side.jpg" width="900" height="600"></aside>', None),
        ('<img src="/a.jpg" alt="Our logo" width="900" height="600">', None),
    ],
)
def test_only_big_images_of_the_text_count(image: str, source: str | None) -> None:
    assert chosen(image) == ([f"https://news.example.org/{source}.jpg"] if source else [])


def test_another_size_of_the_same_picture_is_not_tried_and_lends_its_description() -> None:
    body = '<img src="/chips-1024x683.jpg" width="1024" height="683" alt="Een wafel vol chips">'
    assert found_in(body, og_image="/chips.jpg") == (
        FoundPicture("https://news.example.org/chips.jpg", "Een wafel vol chips"),
    )
    assert found_in(og_image="/chips.jpg", **{"og_image_alt": "Een wafel vol chips"})[0].alt == "Een wafel vol chips"
    assert found_in('<img src="/chips.jpg" alt="chips.jpg">', og_image="/chips.jpg")[0].alt == ""


def test_broken_addresses_and_sizes_do_no_harm() -> None:
    body = '<img src="http://[x/a.jpg" width="9e9" height="-1" srcset="/b.jpg 99999999w">'
    assert chosen(body, {"image": {"url": {"x": 1}, "width": []}}, og_image="http://[::1") == []
