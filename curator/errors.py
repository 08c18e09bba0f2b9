"""The one tree of our own errors. Each carries its facts as fields and a message that says what to do.

Outcomes that are normal (bounced, suppressed, unchanged) are values, never one of these.
"""

from typing import Any


class CuratorError(Exception):
    """The root: something was refused. `message` is for a person; `facts` are for logs and JSON."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    @property
    def code(self) -> str:
        """A stable word for machines: the class name in snake case, without `Error`."""
        name = type(self).__name__.removesuffix("Error")
        return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class NotFound(CuratorError):
    """What was asked for does not exist, or the asker may not know that it does."""


class Invalid(CuratorError):
    """The input cannot be used as it is; the message says what to change."""


class Conflict(CuratorError):
    """Somebody else changed or started this first; nothing was overwritten."""


class Forbidden(CuratorError):
    """The user's role does not allow this."""


class Unavailable(CuratorError):
    """A server we need is down or not configured; the message names the next step."""


class FetchFailed(CuratorError):
    """An address could not be fetched: refused by policy, timed out, too large or not what was expected."""


class NotAFeed(FetchFailed):
    """The address answered, but neither with a feed nor with a page that names one."""


class ModelFailed(CuratorError):
    """A language model gave no words that can be used; the message says why and what to do."""


class TemplateFailed(CuratorError):
    """A template has an error or took too long; `facts` has `template` and `line` where known."""


class CheckFailed(CuratorError):
    """Errors found before sending stop it; `facts['errors']` lists them."""
