"""Checks of the subject and the preview text: what an inbox shows before anybody opens the mail. Pure."""

import re
from collections.abc import Iterator

from curator.editions.checks.findings import Finding
from curator.issues.content import IssueContent
from curator.issues.fixes import Change, Fix

SUBJECT_LIMIT = 150
SUBJECT_SHOWN = 70
PREHEADER_SHOWN = 140

_REPLY = re.compile(r"(\s*(re|fwd?|tr)\s*:)+\s*", re.IGNORECASE)
_SENTENCE = re.compile(r".{20,}?[.!?…](?=\s|$)")


def heading_errors(content: IssueContent) -> Iterator[Finding]:
    """A subject that is missing, too long, or that pretends to answer."""
    subject = content.subject
    if not subject.strip():
        yield _about("subject", "no_subject", "The issue has no subject. Write one.")
    if len(subject) > SUBJECT_LIMIT:
        yield _about(
            "subject", "subject_too_long", f"The subject has {len(subject)} characters; at most {SUBJECT_LIMIT}."
        )
    if reply := _REPLY.match(subject):
        rest = subject[reply.end() :]
        fix = Fix(Change.WRITE, f"Take “{reply[0].strip()}” off", "subject", old=subject, new=rest) if rest else None
        message = "The subject looks like a reply or forward. Start it otherwise."
        yield _about("subject", "subject_like_reply", message, fix)


def heading_warnings(content: IssueContent) -> Iterator[Finding]:
    """Lengths that inboxes cut, and a missing preview text."""
    subject, preheader = content.subject, content.preheader
    if SUBJECT_SHOWN < len(subject) <= SUBJECT_LIMIT:
        message = f"Phones show about {SUBJECT_SHOWN} characters; the subject has {len(subject)}. Shorten it."
        yield _about("subject", "subject_long", message)
    if not preheader.strip():
        message = "Without a preview text inboxes show the first words of the mail. Write one."
        yield _about("preheader", "no_preheader", message, _from_intro(content))
    elif preheader.strip() == subject.strip():
        message = "The preview text repeats the subject. Say what else is in it."
        yield _about("preheader", "preheader_repeats", message)
    if len(preheader) > PREHEADER_SHOWN:
        message = f"Inboxes show about {PREHEADER_SHOWN} characters of the preview text; it has {len(preheader)}."
        yield _about("preheader", "preheader_long", message)


def _from_intro(content: IssueContent) -> Fix | None:
    """The first whole sentence that is more than a greeting and no longer than inboxes show."""
    for paragraph in content.intro_text.split("\n\n"):
        first = _SENTENCE.match(" ".join(paragraph.split()))
        if first and "http" not in first[0] and "{" not in first[0] and len(first[0]) <= PREHEADER_SHOWN:
            return Fix(Change.WRITE, "Use the first sentence of the introduction", "preheader", new=first[0])
    return None


def _about(field: str, code: str, message: str, fix: Fix | None = None) -> Finding:
    return Finding(code, message, field, field=field, fix=fix)
