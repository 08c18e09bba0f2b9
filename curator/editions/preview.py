"""What an editor sees while typing: the mail as a page, in a chosen theme, and its text part. Under 300 ms.

Nothing in it acts: no pixel, links lead straight to their addresses, a reader's own links lead nowhere.
"""

import re
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from curator.editions.browser import browser_page, fill_page, fill_text
from curator.editions.render import Rendered, render_issue
from curator.editions.slots import Marks
from curator.editions.wording import written_day
from curator.issues.content import IssueContent

Theme = Literal["light", "dark", "auto"]

_DARK_QUERY = re.compile(r"\(prefers-color-scheme:\s*dark\)")
_SCHEMES = re.compile(r"(color-scheme:\s*|content=\")light dark")


def preview_html(content: IssueContent, *, public_url: str, theme: Theme = "auto") -> str:
    """The issue as a page. `theme` light or dark holds whatever the browser prefers; auto follows it."""
    rendered = render_issue(content, public_url=public_url)
    page = fill_page(
        rendered.html,
        Marks(content.content_hash),
        day=_today(content),
        own_address="#",
        addresses=_addresses(rendered),
    )
    return _forced(page, theme)


def preview_text(content: IssueContent, *, public_url: str) -> str:
    """The text part as a reader without a name would get it."""
    rendered = render_issue(content, public_url=public_url)
    marks = Marks(content.content_hash)
    return fill_text(rendered.text, marks, day=_today(content), addresses=_addresses(rendered))


def sent_html(session: Session, edition_id: int, *, public_url: str, theme: Theme = "auto") -> str:
    """What readers got, in the same themes: whatever changed since, in the issue or its newsletter, is not in it."""
    return _forced(browser_page(session, edition_id, public_url=public_url), theme)


def _addresses(rendered: Rendered) -> dict[str, str]:
    return {str(link.number): link.address for link in rendered.links}


def _today(content: IssueContent) -> str:
    newsletter = content.newsletter
    return written_day(newsletter.language, datetime.now(UTC).astimezone(ZoneInfo(newsletter.timezone)).date())


def _forced(page: str, theme: Theme) -> str:
    """The page with its dark query made always or never true, and the browser's own colours to match."""
    if theme == "auto":
        return page
    page = _DARK_QUERY.sub("all" if theme == "dark" else "not all", page)
    return _SCHEMES.sub(rf"\g<1>{theme}", page)
