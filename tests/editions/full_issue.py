"""A whole issue of twelve items, as long as a real one, in Dutch and in Arabic: for sizes, and to look at."""

# ruff: noqa: E501 - the words of an issue are as long as they are
import dataclasses

from curator.issues.content import IssueContent, ItemContent, PictureContent, hash_content
from tests.editions import sample

PICTURES = {
    "wide": (1200, 600),
    "photo": (1200, 800),
    "square": (800, 800),
    "tall": (600, 900),
    "small": (240, 160),
}
"""Width and height of every picture used, by its name."""

_DUTCH = (
    ("Hoofdverhaal", "", (
        ("Het stille gevecht om stroom aan de rand van de stad", "Noor Visser", "wide", 9,
         "Achter een dijk bij Zeewolde staat een hal zo groot als vier voetbalvelden, en de helft van de kasten is leeg. "
         "Wie in de rij staat voor een aansluiting, wacht tot 2031. **Drie bedrijven vonden een omweg**, en die omweg "
         "verandert hoe het net wordt gebouwd."),
    )),
    ("Nieuws", "", (
        ("Batterij van natrium laadt in negen minuten", "", "photo", 4,
         "Geen lithium, geen kobalt: een fabriek in Delft zegt dat de eerste bussen er in het voorjaar mee rijden."),
        ("Elf gemeenten delen één stapel code", "Ruben Kok", "square", 5,
         "Paspoort aanvragen, parkeren, verhuizen: wat in Utrecht werkt, draait nu ook in Assen."),
        ("Oude zeekabels luisteren mee naar walvissen", "", None, 6,
         "Glasvezel die te traag werd voor internet blijkt een microfoon van vierduizend kilometer."),
        ("Een chip zo dun als een zeepbel", "Jasmijn de Wit", "tall", 3, "Hij buigt, hij rekt, en hij lost na een jaar op."),
        ("De rechter wil eerst de broncode zien", "", "small", 7,
         "Wie door een algoritme wordt afgewezen, mag voortaan vragen *welke regel* het deed."),
    )),
    ("Achtergrond", "", (
        ("Waarom alles weer op één computer past", "Femke Hartog", "photo", 14,
         "Tien jaar lang was het antwoord op elke vraag: meer machines. Nu hebben servers driehonderd kernen en past het "
         "werk van toen in een enkel blok metaal.\n\n- minder netwerk, minder storing\n- een rekening die je begrijpt"),
        ("Het geheugen van een stad", "", None, 11, "Een archief in Gent bewaart sinds 1987 elke melding van een losse stoeptegel."),
    )),
    ("Kort", "", (
        ("Nieuwe versie van PostgreSQL", "", None, 2, "Snellere indexen, en eindelijk tijdreizen."),
        ("Satelliet vindt 4.000 lekkende putten", "", None, 3, "De kaart staat open voor iedereen."),
        ("Een toetsenbord voor één hand", "", None, 2, "Het ontwerp is gratis te printen."),
    )),
    ("Partner", "Advertentie", (
        ("Leer databases van binnenuit", "", "square", None, "Vier avonden in Rotterdam, met soep en brood."),
    )),
)  # fmt: skip

_ARABIC = (
    ("القصة الرئيسية", "", (
        ("معركة هادئة على الكهرباء عند أطراف المدينة", "ليلى حداد", "wide", 9,
         "خلف السد تقف قاعة بحجم أربعة ملاعب، ونصف خزائنها فارغ. من ينتظر التوصيل ينتظر حتى عام 2031. "
         "**ثلاث شركات وجدت طريقًا آخر**، وهذا الطريق يغيّر كيفية بناء الشبكة."),
    )),
    ("أخبار", "", (
        ("بطارية صوديوم تُشحن في تسع دقائق", "", "photo", 4, "بلا ليثيوم ولا كوبالت: ستسير بها أولى الحافلات في الربيع."),
        ("إحدى عشرة بلدية تتشارك شيفرة واحدة", "سامي نجار", "square", 5, "ما يعمل في مدينة يعمل الآن في أخرى."),
        ("كابلات بحرية قديمة تصغي إلى الحيتان", "", None, 6, "ألياف صارت بطيئة للإنترنت فأصبحت ميكروفونًا طوله أربعة آلاف كيلومتر."),
    )),
    ("خلفيات", "", (
        ("لماذا عاد كل شيء إلى حاسوب واحد", "", "photo", 14, "> أقل شبكة، أقل أعطال.\n\n- فاتورة يمكن فهمها\n- ضجيج أقل"),
        ("ذاكرة مدينة", "", None, 11, "أرشيف يحفظ كل بلاغ منذ عام 1987."),
    )),
    ("باختصار", "", (
        ("PostgreSQL 19 صدر", "", None, 2, "فهارس أسرع."),
        ("قمر صناعي يجد 4000 بئر متسربة", "", None, 3, "الخريطة متاحة للجميع."),
    )),
)  # fmt: skip

_WORDS = {
    "nl": {
        "newsletter": {"language": "nl"},
        "subject": "Het stille gevecht om stroom, en een batterij van natrium",
        "intro": "Dag {name|lezer},\n\nDeze week gaat het over ruimte: op het net, in de kast en in ons hoofd. Lees je maar "
        "één ding, lees dan [het verhaal van Noor](https://example.org/noor) over de rij die tot 2031 duurt.",
        "outro": "Tot maandag. Antwoorden mag altijd: wij lezen alles.",
        "sections": _DUTCH,
    },
    "ar": {
        "newsletter": {
            "language": "ar",
            "name": "أسبوع التقنية",
            "from_name": "هيئة التحرير",
            "description": "كل يوم اثنين، الأخبار التي تبقى",
            "postal_address": "مؤسسة أسبوع التقنية\nشارع القناة 1\nأمستردام",
        },
        "subject": "معركة هادئة على الكهرباء",
        "intro": "مرحبًا {name|بك},\n\nهذا الأسبوع عن المساحة: في الشبكة وفي الخزانة. اقرأ "
        "[قصة ليلى](https://example.org/layla) أولًا.",
        "outro": "إلى اللقاء يوم الاثنين.",
        "sections": _ARABIC,
    },
}


BRAND = {
    "accent": "#d9480f",
    "accent_night": "#5a1d00",
    "paper": "#c9a27e",
    "heading_font": "verdana",
    "text_font": "palatino",
    "logo": PictureContent("cd" * 32, 840, 300, "image/png", ""),
    "header_html": '<p>Van <a href="https://example.org/ons">de redactie</a> voor {name|jou}.</p>',
    "header_text": "Van de redactie (https://example.org/ons) voor {name|jou}.",
    "footer_html": '<p><strong>Techniekweek</strong> is een stichting. <a href="https://example.org/steun">Steun</a></p>',
    "footer_text": "Techniekweek is een stichting. Steun (https://example.org/steun)",
}
"""Everything a brand can have, in colours that have to be corrected."""


def full_issue(design: str, language: str = "nl", **newsletter: object) -> IssueContent:
    """The issue in one of our designs; `newsletter` changes facts of its newsletter."""
    from curator.issues.markdown import to_html, to_text

    words = _WORDS[language]
    sections, number = [], 0
    for name, label, entries in words["sections"]:  # type: ignore[attr-defined]
        items: list[ItemContent] = []
        for title, author, seed, minutes, blurb in entries:
            number += 1
            facts = {"author": author, "reading_minutes": minutes, "picture": _picture(seed, title)}
            text = {"blurb_html": to_html(blurb), "blurb_text": to_text(blurb)}
            items.append(sample.item(number, title, **facts, **text))
        sections.append(sample.section(name, *items, label=label))
    content = sample.issue(
        words["newsletter"] | {"design": design} | newsletter,  # type: ignore[operator]
        subject=words["subject"],
        preheader=sections[1].items[0].title,
        intro_html=to_html(str(words["intro"])),
        intro_text=to_text(str(words["intro"])),
        outro_html=to_html(str(words["outro"])),
        outro_text=to_text(str(words["outro"])),
        sections=tuple(sections),
    )
    return dataclasses.replace(content, content_hash=hash_content(content))


def _picture(name: str | None, alt: str) -> PictureContent | None:
    return sample.picture(name, *PICTURES[name], f"Beeld bij: {alt}") if name else None
