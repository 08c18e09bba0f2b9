"""The four ways to measure, told to the person who chooses. The rules themselves are in the events stage."""

from typing import NamedTuple

from curator.issues.models import Tracking


class Mode(NamedTuple):
    """A way to measure: its name, what it means, what you will know, and what is kept of a person."""

    tracking: Tracking
    name: str
    meaning: str
    known: str
    kept: str


TRACKING_MODES = (
    Mode(
        Tracking.OFF,
        "Nothing",
        "No pixel, and links lead straight to their pages.",
        "How many mails were delivered, and who left.",
        "Nothing.",
    ),
    Mode(
        Tracking.AGGREGATE,
        "Counts only",
        "One pixel and one address per link, the same for every reader.",
        "How often an issue was opened and each link was clicked.",
        "Nothing about the person; only counters.",
    ),
    Mode(
        Tracking.HYGIENE,
        "Counts, and whether an address is still alive",
        "Counts as above. For readers who agreed, also the date of their last open.",
        "The counts, and which addresses have been silent for long.",
        "One date per reader, overwritten each time.",
    ),
    Mode(
        Tracking.INDIVIDUAL,
        "Per reader, where they agreed",
        "Readers who agreed get links of their own; everybody else is only counted.",
        "Which reader opened and clicked what, as far as they agreed, and counts for the rest.",
        "Opens and clicks of readers who agreed. They can withdraw at any time, also for mails already sent.",
    ),
)
