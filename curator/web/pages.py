"""Turns a template and its values into a response. Values are escaped; nothing inline reaches the page."""

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from curator.accounts.roles import may
from curator.assets import static_directory, templates_directory
from curator.issues.models import Newsletter
from curator.settings import get_settings
from curator.web.access import Desk, SignedInUser


def page(
    request: Request, template: str, *, desk: Desk | SignedInUser | None = None, status: int = 200, **values: Any
) -> HTMLResponse:
    """The template as a page. `desk` gives the page its user, role, newsletter and navigation."""
    values |= {
        "request": request,
        "desk": desk,
        "user": desk.user if desk else None,
        "role": desk.role if desk else None,
        "newsletters": desk.newsletters if desk else (),
        "newsletter": values.get("newsletter") or _newsletter(desk),
        "csrf_token": getattr(request.state, "csrf_token", ""),
        "public_url": get_settings().public_url,
        "has_mailbox": may(desk.everywhere if desk else None, "own") and (get_settings().home / "mailbox").is_dir(),
    }
    response = HTMLResponse(environment().get_template(template).render(values), status_code=status)
    if desk is not None:
        # One address answers with a page or with a part of it: "back" must never show a part, nor another user's page.
        response.headers["Vary"] = "HX-Request, HX-Target, Cookie"
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def _newsletter(desk: Desk | SignedInUser | None) -> Newsletter | None:
    """Whose navigation and time zone the page has: pages of no newsletter keep the first one's."""
    if isinstance(desk, Desk):
        return desk.newsletter
    return desk.newsletters[0] if desk and desk.newsletters else None


fragment = page
"""A part of a page, for htmx: the same values, a template without a shell."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The Jinja2 environment of the pages: autoescape on, an undefined name is an error."""
    made = Environment(
        loader=FileSystemLoader(templates_directory()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static
    made.filters["when"] = when
    made.filters["day"] = day
    made.filters["number"] = number
    return made


@lru_cache(maxsize=256)
def static(path: str) -> str:
    """Address of a static file with a part of its hash, so that browsers may keep it for ever."""
    digest = hashlib.sha256((static_directory() / path).read_bytes()).hexdigest()[:10]
    return f"/static/{path}?v={digest}"


@pass_context
def when(context: Context, moment: datetime | str | None, form: str = "%-d %b %Y, %H:%M") -> str:
    """A moment, also one in ISO 8601, in the newsletter's time zone; a dash for none."""
    if moment is None:
        return "–"
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    newsletter = context.get("newsletter")
    zone = ZoneInfo(newsletter.timezone) if newsletter is not None else None
    return moment.astimezone(zone).strftime(form)


@pass_context
def day(context: Context, moment: datetime | None) -> str:
    """The date of a moment in the newsletter's time zone; a dash for none."""
    return str(when(context, moment, "%-d %b %Y"))


def number(value: float | None) -> str:
    """A count with thin spaces between thousands; a dash for none."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
