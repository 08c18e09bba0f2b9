"""What a design is shown with: the newsletter's own latest issue, or an invented one where there is none yet.

Only ever looked at on the desk: nothing here is stored or sent.
"""

import dataclasses

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from curator.issues.content import (
    IssueContent,
    ItemContent,
    SectionContent,
    hash_content,
    load_content,
    newsletter_content,
)
from curator.issues.models import Issue, Item, Newsletter

_WORDS = {
    "nl": (
        "Een kop die zegt wat er gebeurde",
        "Twee zinnen zeggen waarom het de moeite waard is. Meer hoeft niet.",
    ),
    "en": ("A headline that says what happened", "Two sentences say why it is worth reading. That is enough."),
    "de": ("Eine Überschrift, die sagt, was geschah", "Zwei Sätze sagen, warum es sich lohnt. Mehr braucht es nicht."),
    "fr": ("Un titre qui dit ce qui s’est passé", "Deux phrases disent pourquoi cela vaut la peine. C’est assez."),
    "ar": ("عنوان يقول ما الذي حدث", "جملتان تقولان لماذا يستحق القراءة. وهذا يكفي."),
    "he": ("כותרת שאומרת מה קרה", "שני משפטים אומרים למה כדאי לקרוא. זה מספיק."),
    "fa": ("تیتری که می‌گوید چه شد", "دو جمله می‌گویند چرا خواندنی است. همین بس است."),
    "ur": ("ایک سرخی جو بتائے کیا ہوا", "دو جملے بتاتے ہیں کہ یہ کیوں پڑھنے کے لائق ہے۔ اتنا کافی ہے۔"),
}


def issue_to_show(session: Session, newsletter: Newsletter) -> IssueContent:
    """The newest issue that has an item, else an invented one in the newsletter's language and sections."""
    has_items = exists().where(Item.issue_id == Issue.id)
    found = session.scalar(
        select(Issue.id).where(Issue.newsletter_id == newsletter.id, has_items).order_by(Issue.number.desc()).limit(1)
    )
    return load_content(session, found) if found is not None else _invented(session, newsletter)


def with_newsletter(content: IssueContent, **changes: object) -> IssueContent:
    """The same issue with some facts of its newsletter as they might be, and the hash that goes with it."""
    newsletter = dataclasses.replace(content.newsletter, **changes)  # type: ignore[arg-type]
    changed = dataclasses.replace(content, newsletter=newsletter)
    return dataclasses.replace(changed, content_hash=hash_content(changed))


def _invented(session: Session, newsletter: Newsletter) -> IssueContent:
    title, words = _WORDS.get(newsletter.language, _WORDS["en"])
    names = [str(section["name"]) for section in newsletter.section_template[:3]]
    sections = tuple(
        SectionContent(
            name=name,
            label=str(newsletter.section_template[place].get("label") or ""),
            minimum=0,
            maximum=None,
            items=tuple(_item(place * 10 + number, title, words) for number in range(1, 2 if place == 0 else 3)),
        )
        for place, name in enumerate(names)
    )
    content = IssueContent(
        issue_id=0,
        number=newsletter.next_number,
        subject=title,
        preheader="",
        intro_html=f"<p>{words}</p>",
        intro_text=words,
        outro_html="",
        outro_text="",
        sections=sections,
        newsletter=newsletter_content(session, newsletter),
    )
    return dataclasses.replace(content, content_hash=hash_content(content))


def _item(number: int, title: str, words: str) -> ItemContent:
    return ItemContent(
        id=number,
        title=title,
        address=f"https://example.org/{number}",
        site="example.org",
        author="",
        blurb_html=f"<p>{words}</p>",
        blurb_text=words,
        picture=None,
        reading_minutes=3,
    )
