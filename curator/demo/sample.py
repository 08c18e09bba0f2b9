"""The words of the sample newsletter: what it is called, its issues, and its articles from `articles/*.txt`.

Every organisation, person and address is invented; addresses end in .example, which belongs to nobody (RFC 2606).
"""

import html
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

SLUG = "laagland"
NAME = "Laagland"
DESCRIPTION = "Techniek onder zeeniveau: elke vrijdag wat ertoe deed, uitgezocht door mensen."
FROM_ADDRESS = "redactie@laagland.example"
OWNER = "redactie@laagland.example"
POSTAL_ADDRESS = "Redactie Laagland, Sluiskade 12, 1234 AB Waterdam"
ACCENT = "#0f5c63"
ZONE = ZoneInfo("Europe/Amsterdam")
SECTIONS = (
    {"name": "Het verhaal van de week", "minimum": 1, "maximum": 2, "label": ""},
    {"name": "Rekenkracht en energie", "minimum": 2, "maximum": 4, "label": ""},
    {"name": "Mens en recht", "minimum": 1, "maximum": 4, "label": ""},
    {"name": "Kort en goed", "minimum": 0, "maximum": 5, "label": ""},
)
FIRST_NUMBER = 41
"""The number of the past issue; the draft is the next."""

_ARTICLES = Path(__file__).parent / "articles"


class SampleArticle(NamedTuple):
    """One article. `name` is its two digits; `days_ago` and `clock` say when it was published."""

    name: str
    title: str
    site: str
    address: str
    author: str
    days_ago: int
    clock: str
    tags: tuple[str, ...]
    section: str
    picture: str
    body_html: str

    def published_at(self, now: datetime) -> datetime:
        """The moment before `now` at which it appeared, with the newsletter's offset; never in the future."""
        hour, minute = map(int, self.clock.split(":"))
        there = now.astimezone(ZONE)
        moment = (there - timedelta(days=self.days_ago)).replace(hour=hour, minute=minute, second=0, microsecond=0)
        return moment if moment < there else moment - timedelta(days=1)


class SampleIssue(NamedTuple):
    """One issue: its words, the articles in it, and the editor's words about some of them."""

    subject: str
    preheader: str
    intro: str
    outro: str
    articles: tuple[str, ...]
    blurbs: dict[str, str]


def read_articles() -> list[SampleArticle]:
    """All articles in the order of their file names."""
    return [_read(path) for path in sorted(_ARTICLES.glob("*.txt"))]


def _read(path: Path) -> SampleArticle:
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    facts = dict(line.split(": ", 1) for line in head.splitlines())
    days_ago, clock = facts["published"].split()
    return SampleArticle(
        name=path.name[:2],
        title=facts["title"],
        site=facts["site"],
        address=facts["address"],
        author=facts["author"],
        days_ago=int(days_ago),
        clock=clock,
        tags=tuple(facts["tags"].split(", ")),
        section=facts["section"],
        picture=facts["picture"],
        body_html="\n".join(_block(block) for block in body.strip().split("\n\n")),
    )


def _block(block: str) -> str:
    words = html.escape(" ".join(block.split()), quote=False)
    return f"<h2>{words.removeprefix('## ')}</h2>" if words.startswith("## ") else f"<p>{words}</p>"


PAST = SampleIssue(
    subject="Een brug die zelf zegt wanneer ze moe is",
    preheader="Ook: klein taalmodel wint op papierwerk, en een noodradio in de keukenla.",
    intro=(
        "Goedemorgen,\n\nDeze week gaat het over luisteren. Naar een brug, naar een buurman die last heeft van een "
        "warmtepomp, en naar een rekenmachine uit 1956 die het al die jaren bij het rechte eind had.\n\n"
        "Veel leesplezier, en tot volgende week."
    ),
    outro="Iets gezien dat hierin hoort? Antwoord op deze mail; we lezen alles.",
    articles=("19", "25", "22", "23", "18", "21", "20", "24"),
    blurbs={
        "19": (
            "Vijfhonderd sensoren zo groot als een rijstkorrel, gevoed door de trilling die ze meten. Het mooiste "
            "detail: **de eerste melding was een bout die er sinds 1978 niet zat.**"
        ),
        "23": (
            "Het grote model wist meer, en dat hielp niet. Wie op de stroomrekening let, leest vooral de laatste "
            "alinea: een programma van honderd regels kiest wie wat krijgt."
        ),
        "18": (
            "Geen verbod, maar een toestel waarop niets vanzelf doorloopt. *Het aantal berichtjes bleef gelijk*, "
            "het aantal minuten niet."
        ),
        "21": "Een radio kan alleen luisteren, en dat is precies de bedoeling. Nu nog uit de doos halen.",
    },
)
"""The issue that was sent a week ago."""

DRAFT = SampleIssue(
    subject="Rekenen met licht, wachten met een agenda",
    preheader="Een koele chip uit Enschede, een stroomnet met een rooster en spraak die Gronings verstaat.",
    intro=(
        "Goedemorgen,\n\nTwee manieren om met schaarste om te gaan deze week: een chip die bijna niets verbruikt, en "
        "een netbeheerder die kwartieren uitdeelt. Ze hebben meer met elkaar te maken dan je denkt."
    ),
    outro="",
    articles=("02", "03", "01", "10", "04"),
    blurbs={
        "02": (
            "Vermenigvuldigen door twee lichtbundels te mengen: het klinkt als een goocheltruc en het blijft koud. "
            "**Zes bits precisie is genoeg om te antwoorden, niet om te leren** – en dat is eerlijk gezegd al veel."
        ),
        "03": (
            "Een bakker 's nachts, een lader overdag, een koelhuis als de zon schijnt. Achttien bedrijven passen in "
            "een aansluiting voor elf. Lees vooral de vraag van de toezichthouder aan het eind."
        ),
        "10": "*Moi, hou is 't?* Eindelijk software die weet wanneer zij twijfelt, en niets naar buiten stuurt.",
    },
)
"""The issue that is being made now."""

STARRED = ("13", "16", "07")
LATER = ("06",)
DISMISSED = ("09",)
