"""What is wrong with an issue before it is sent, judged on what was really built: one module per group. Pure."""

from collections.abc import Iterator
from datetime import date

from curator.editions.checks.addresses import address_errors, address_warnings
from curator.editions.checks.blocks import block_errors, block_warnings
from curator.editions.checks.findings import Checks, Finding
from curator.editions.checks.headings import heading_errors, heading_warnings
from curator.editions.checks.legible import legible_warnings
from curator.editions.checks.message import message_errors, message_warnings
from curator.editions.checks.wording import wording_warnings
from curator.editions.render import Rendered
from curator.editions.segments import Segments
from curator.issues.content import IssueContent

__all__ = ["Checks", "Finding", "check_content"]


def check_content(content: IssueContent, rendered: Rendered, segments: Segments, today: date) -> Checks:
    """Judge an issue by its content, its rendering and its message. `today` is the day at the newsletter."""
    return Checks(
        errors=tuple(_errors(content, rendered, segments)),
        warnings=tuple(_warnings(content, rendered, segments, today)),
        html_bytes=segments.facts["html_bytes"],
    )


def _errors(content: IssueContent, rendered: Rendered, segments: Segments) -> Iterator[Finding]:
    yield from block_errors(content)
    yield from heading_errors(content)
    yield from message_errors(content, rendered, segments)
    yield from address_errors(content, rendered)


def _warnings(content: IssueContent, rendered: Rendered, segments: Segments, today: date) -> Iterator[Finding]:
    yield from heading_warnings(content)
    yield from block_warnings(content)
    yield from wording_warnings(content, today)
    yield from address_warnings(content, rendered)
    yield from legible_warnings(rendered)
    yield from message_warnings(content, segments.facts)
