"""Is this hit a person's or a machine's? Pure rules: values in, values out, no session, no clock.

Nothing is thrown away: a machine's hit keeps its row, its label and the sign it was told by. Whole cloud ranges are
inconclusive and no sign; the image proxies of the large mailboxes open on behalf of real readers.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from curator.events import agents
from curator.events.models import Actor

AT_ACCEPTANCE = timedelta(seconds=3)
"""A hit this soon after the relay took the message: a filter looks before the mailbox shows the mail."""

BURST_WINDOW = timedelta(seconds=2)
BURST_LINKS = 3
"""So many different links of one mail within the window: nobody reads that fast."""

SIGN_HEAD = "HEAD"
SIGN_PREFETCH = "prefetch"
SIGN_ACCEPTANCE = "at acceptance"
SIGN_BURST = "many links at once"
SIGN_IN_STEP = "with the whole domain"

IN_STEP_LEAST = 3
"""So many different readers of one mail domain in one second may be one filter, see `is_in_step`."""


class Signs(NamedTuple):
    """What a request says about itself: the agent's family, and whether it declares that nobody is looking."""

    family: str
    is_head: bool = False
    is_prefetch: bool = False


class Context(NamedTuple):
    """What we know of the message that was hit. `accepted_at`: when the relay took it, None when not known."""

    is_known: bool
    accepted_at: datetime | None = None


class Click(NamedTuple):
    """One click on a message's link, for the rule that looks at several together."""

    id: int
    at: datetime
    link_number: int


def judge(at: datetime, signs: Signs, context: Context) -> tuple[Actor, str]:
    """Who made this hit and the sign it was told by ("" for a person).

    Without a message (`is_known` false) a hit cannot be judged and is `AGGREGATE`, unless it says itself that it is
    a machine's. Hits before the acceptance was recorded count as being at acceptance.
    """
    if declared := _declared(signs):
        return Actor.MACHINE, declared
    if not context.is_known:
        return Actor.AGGREGATE, ""
    if sign := agents.MACHINES.get(signs.family):
        return Actor.MACHINE, sign
    if is_at_acceptance(at, context.accepted_at):
        return Actor.MACHINE, SIGN_ACCEPTANCE
    return Actor.PERSON, ""


def is_at_acceptance(at: datetime, accepted_at: datetime | None) -> bool:
    """Within `AT_ACCEPTANCE` of the relay's yes, or before it."""
    return accepted_at is not None and at < accepted_at + AT_ACCEPTANCE


def bursts(clicks: Iterable[Click]) -> set[int]:
    """The ids of one message's clicks that lie in a window with `BURST_LINKS` or more different links.

    Linear in the number of clicks: whoever holds one link may hit it as often as they like.
    """
    ordered = sorted(clicks, key=lambda click: click.at)
    in_window: Counter[int] = Counter()
    found: set[int] = set()
    first = marked = 0
    for last, click in enumerate(ordered):
        in_window[click.link_number] += 1
        while click.at - ordered[first].at > BURST_WINDOW:
            in_window[ordered[first].link_number] -= 1
            if not in_window[ordered[first].link_number]:
                del in_window[ordered[first].link_number]
            first += 1
        if len(in_window) >= BURST_LINKS:
            found.update(each.id for each in ordered[max(first, marked) : last + 1])
            marked = last + 1
    return found


def is_in_step(readers: int, recipients: int) -> bool:
    """Whether `readers` of one domain's `recipients` hitting in the same second are one machine looking for them all.

    More than half of them: at a domain with thousands of readers a few in the same second are chance.
    """
    return readers >= IN_STEP_LEAST and 2 * readers > recipients


def _declared(signs: Signs) -> str:
    if signs.is_head:
        return SIGN_HEAD
    return SIGN_PREFETCH if signs.is_prefetch else ""
