"""Which addresses readers of a draft could follow: put down so that the background asks what they answer."""

from sqlalchemy.orm import Session

from curator.editions.render import render_issue
from curator.errors import TemplateFailed
from curator.issues.content import load_content
from curator.issues.link_checks import put_down
from curator.issues.models import Issue


def list_links(session: Session, issue_id: int, *, public_url: str) -> int:
    """Put the links of an issue's present version down; how many. A design that fails has its items' links only."""
    content = load_content(session, issue_id)
    try:
        addresses = {link.address for link in render_issue(content, public_url=public_url).links}
    except TemplateFailed:
        addresses = {item.address for section in content.sections for item in section.items if item.address}
    asked = {address for address in addresses if not address.startswith(f"{public_url}/")}
    put_down(session, issue_id, session.get_one(Issue, issue_id).version, asked)
    return len(asked)
