import pytest

from curator.errors import Invalid
from curator.sources.text import LONGEST_TEXT, read_text

ZONE = "Europe/Amsterdam"
SENTENCE = "Dit is de eerste zin van het stuk en die heeft meer dan twaalf woorden."


def read_sample(samples, change=lambda text: text):  # type: ignore[no-untyped-def]
    text = (samples / "articles" / "mistral-datacenter.nl.txt").read_text()
    return read_text(change(text), timezone=ZONE)


@pytest.mark.samples
@pytest.mark.parametrize("gap", ["as pasted", "\n", "\r\n\r\n"])
def test_a_dutch_news_article(samples, gap: str) -> None:  # type: ignore[no-untyped-def]
    """Also when the clipboard lost the empty lines, or put one between all lines."""
    if gap == "as pasted":
        extract = read_sample(samples)
    else:
        extract = read_sample(samples, lambda text: gap.join(line for line in text.split("\n") if line))
    assert extract.title == "Mistral AI investeert miljarden in nieuw datacenter in Frankrijk"
    assert extract.published_at is not None
    assert extract.published_at.isoformat() == "2025-02-11T14:56:00+01:00"
    assert extract.tags == ("datacenter",)
    assert extract.language == "nl"
    assert extract.body_html.count("<h2>") == 2
    assert "<h2>Mistral AI bouwt datacenter in eigen land</h2>" in extract.body_html
    assert "<h2>Ai wapenwedloop</h2>" in extract.body_html
    assert extract.body_html.count("<p>") == 7
    assert extract.words == 288
    assert extract.summary.startswith("De Franse AI-start-up") and extract.summary.endswith("te zetten.")
    assert extract.address is None


@pytest.mark.parametrize(
    ("head", "author", "published"),
    [
        ("Door Anna de Vries\n11 februari 2025, 9:00", "Anna de Vries", "2025-02-11T09:00:00+01:00"),
        ("By Jane Doe | March 3, 2025 at 2:05 PM", "Jane Doe", "2025-03-03T14:05:00+01:00"),
        ("Von Hans Meier, 11.02.2025, 14:56 Uhr", "Hans Meier", "2025-02-11T14:56:00+01:00"),
        ("Publié le 11 février 2025 à 14h56\nPar Marie Curie", "Marie Curie", "2025-02-11T14:56:00+01:00"),
    ],
)
def test_heads_in_four_languages(head: str, author: str, published: str) -> None:
    extract = read_text(f"Een titel\n{head}\n\n{SENTENCE}", timezone=ZONE)
    assert extract.author == author
    assert extract.published_at is not None
    assert extract.published_at.isoformat() == published
    assert extract.body_html == f"<p>{SENTENCE}</p>"


def test_rubric_reading_time_address_and_marked_tags_are_no_body() -> None:
    head = "Achtergrond\nEen titel\nhttps://example.org/a?utm_source=x\n4 min leestijd\nTags: chips, AI-wet; chips"
    extract = read_text(f"{head}\n\n{SENTENCE}", timezone=ZONE)
    assert extract.title == "Een titel"
    assert extract.address == "https://example.org/a?utm_source=x"
    assert extract.tags == ("chips", "AI-wet")
    assert extract.body_text == SENTENCE


def test_a_standfirst_is_kept() -> None:
    extract = read_text(f"Een titel\n\nWat er nu gebeurt\n\nDoor Jan Jansen\n3 maart 2025\n\n{SENTENCE}", timezone=ZONE)
    assert extract.body_text == f"Wat er nu gebeurt\n\n{SENTENCE}"
    assert extract.author == "Jan Jansen"


def test_without_a_date_short_lines_are_not_taken_for_tags() -> None:
    extract = read_text(f"Een titel\n\nDe aanleiding\n\n{SENTENCE}\n\nslot", timezone=ZONE)
    assert extract.tags == ()
    assert extract.body_html == f"<h2>De aanleiding</h2>\n<p>{SENTENCE}</p>\n<p>slot</p>"


def test_markup_and_template_signs_are_literal_text() -> None:
    extract = read_text(f"{{{{ 7*7 }}}} <script>alert(1)</script>\n\n<b>{SENTENCE}</b>", timezone=ZONE)
    assert extract.title == "{{ 7*7 }} <script>alert(1)</script>"
    assert extract.body_html == f"<p>&lt;b&gt;{SENTENCE}&lt;/b&gt;</p>"
    assert extract.body_text == f"<b>{SENTENCE}</b>"


def test_lines_broken_at_a_margin_become_one_paragraph() -> None:
    wrapped = "Deze regel is afgebroken aan de kantlijn van een mailprogramma,\nen gaat hier verder tot het einde."
    assert read_text(f"Een titel\n\n{wrapped}", timezone=ZONE).body_text == wrapped.replace("\n", " ")


def test_bullets_and_marked_headings() -> None:
    extract = read_text(f"# Een titel\n\n## Punten\n- een\n- twee\n\n{SENTENCE}", timezone=ZONE)
    assert extract.title == "Een titel"
    assert extract.body_html == f"<h2>Punten</h2>\n<ul><li>een</li><li>twee</li></ul>\n<p>{SENTENCE}</p>"


def test_one_long_line_gives_its_first_sentence_as_title() -> None:
    extract = read_text(f"{SENTENCE} Daarna volgt nog een zin.", timezone=ZONE)
    assert extract.title == SENTENCE
    assert extract.body_text == f"{SENTENCE} Daarna volgt nog een zin."


def test_other_scripts_and_directions() -> None:
    arabic = read_text("عنوان المقال هنا\n\nهذا هو النص الأول من المقال وهو باللغة العربية", timezone=ZONE)
    assert arabic.language == "ar"
    assert read_text("😀 Blij nieuws\n\nEen stuk tekst 🎉 erbij.", timezone=ZONE).title == "😀 Blij nieuws"
    assert read_text("人工知能の新しい研究所\n\n東京に人工知能の研究所が開設されました。", timezone=ZONE).words == 10


def test_control_characters_are_gone() -> None:
    extract = read_text(f"Een\0 titel\x07\n\n{SENTENCE}\x1b", timezone=ZONE)
    assert (extract.title, extract.body_text) == ("Een titel", SENTENCE)


@pytest.mark.parametrize(
    ("junk", "advice"),
    [
        ("", "no text"),
        ("\0\x01\x02" * 500, "no text"),
        ("asdf", "too short"),
        ("!!!! ???? ....", "mostly signs"),
        ("😀", "mostly signs"),
        ("A" * 5_000, "mostly signs"),
        ("iVBORw0KGgoAAAANSUhEUgAA" * 100, "mostly signs"),
        (bytes(range(256)).decode("latin-1") * 20, "mostly signs"),
        ("https://example.org/article", "address"),
        ("Alleen maar een titel", "no text below"),
        ("Alleen maar een titel\n#chips #ai\n3 maart 2025", "no text below"),
    ],
)
def test_junk_is_refused_with_advice(junk: str, advice: str) -> None:
    with pytest.raises(Invalid, match=advice):
        read_text(junk, timezone=ZONE)


def test_five_megabytes_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.sources.text.clean_text", lambda _: pytest.fail("looked at all of it"))
    with pytest.raises(Invalid, match="500,000 is the most") as refusal:
        read_text("woord " * 900_000, timezone=ZONE)
    assert refusal.value.facts == {"characters": 5_400_000}


def test_the_longest_text_is_kept_whole() -> None:
    body = (f"{SENTENCE} " * (LONGEST_TEXT // (len(SENTENCE) + 1) - 1)).strip()
    assert read_text(f"Een titel\n\n{body}", timezone=ZONE).body_text == body


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="time zone"):
        read_text(f"Een titel\n\n{SENTENCE}", timezone="Nowhere")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://a.example/1\nEen titel\n\n{}", "https://a.example/1"),
        ("Een titel\n\n{}\n\nhttps://a.example/1", "https://a.example/1"),
        ("Een titel\n\n{}\nBron: <https://a.example/1>", "https://a.example/1"),
        ("https://a.example/1\nEen titel\n\n{}\n\nhttps://b.example/2", "https://a.example/1"),
        ("Een titel\n\n{}\n\nLees ook het verhaal op https://a.example/1", None),
    ],
)
def test_the_address_above_or_below_is_not_the_title_nor_lost(text: str, address: str | None) -> None:
    extract = read_text(text.format(SENTENCE), timezone=ZONE)
    assert (extract.title, extract.address) == ("Een titel", address)
    assert ("https://" in extract.body_html) == (address is None)


@pytest.mark.parametrize("head", ["Nieuws•dinsdag 3 maart 2026, 12:04", "3 maart 2026 12:04"])
def test_a_line_of_day_and_time_above_the_title(head: str) -> None:
    extract = read_text(f"{head}\nEen titel\n\n{SENTENCE}", timezone=ZONE)
    assert extract.published_at is not None
    assert (extract.title, extract.published_at.isoformat()) == ("Een titel", "2026-03-03T12:04:00+01:00")


def test_a_day_in_a_title_and_in_a_first_sentence_stays() -> None:
    extract = read_text(f"Nieuws van 3 maart 2026\n\nOp 4 maart 2026 opende het hek.\n\n{SENTENCE}", timezone=ZONE)
    assert (extract.title, extract.published_at) == ("Nieuws van 3 maart 2026", None)
    assert "opende het hek" in extract.body_text


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("Door Anna de Vries, 3 maart 2026 om 12:04 reacties: 12", "Anna de Vries"),
        ("Publié le 03 mars 2026 à 12h04, modifié le 04 mars 2026 à 10h00", ""),
    ],
)
def test_what_stands_beside_the_day(line: str, author: str) -> None:
    extract = read_text(f"Een titel\n{line}\nDelen\nTemps de lecture 3 min.\n\n{SENTENCE}", timezone=ZONE)
    assert extract.published_at is not None
    assert (extract.author, extract.published_at.isoformat()) == (author, "2026-03-03T12:04:00+01:00")
    assert (extract.body_html, extract.tags) == (f"<p>{SENTENCE}</p>", ())
