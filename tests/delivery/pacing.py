"""Counting starts in windows."""

from collections.abc import Sequence


def most_within(times: Sequence[float], seconds: float) -> int:
    """The most of these in any window of this length, its end not included."""
    times = sorted(times)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
