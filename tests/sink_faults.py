"""What a sink does wrong, and when: chances by phase, drawn so that a rerun with the same seed goes the same way.

Once an address is known its own draws decide, however connections interleave; before that the order of arrival does.
Never refuses with a whole 4xx or 5xx what it has taken: that would be a relay that lies, and nobody can serve it.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

PHASES = ("connect", "ehlo", "mail", "rcpt", "data", "body", "dot", "after", "idle")
"""`body`: in the middle of the message; `dot`: before taking it; `after`: taken and written down, before the 250;
`idle`: after the 250, unasked."""

ENDS = ("close", "reset", "stall")
MANNERS = ("slow", "split", "lines", "late")
"""The right reply, but: a byte at a time, in two pieces, as several lines, after the client has given up."""

GARBAGE = "garbage"
"""Bytes that are no SMTP reply."""

DOUBTFUL = ("body", "dot", "after", "idle")
"""Phases in which a line that goes silent or down may leave a message in doubt: its dot may be on the way already."""


@dataclass
class Faults:
    """For each phase a list of (chance, act): one of `ENDS`, `MANNERS`, `GARBAGE`, or the text of a reply."""

    seed: int = 1
    plan: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    delay: float = 0.0  # seconds before every reply to the dot
    late: float = 1.0  # seconds that `late` waits
    domains: dict[str, str] = field(default_factory=dict)  # the reply to RCPT for everybody of a domain

    def __post_init__(self) -> None:
        self.change(self.plan)

    def change(self, plan: dict[str, list[tuple[float, str]]]) -> None:
        """From now on this goes wrong; the draws go on where they were."""
        assert set(plan) <= set(PHASES), plan
        lies = [act for _, act in plan.get("after", ()) if act[:1] in "45"]
        assert not lies, f"a relay that took a message may not say {lies}"
        self.plan = plan
        self._draws: Counter[str] = getattr(self, "_draws", Counter())

    def draw(self, phase: str, address: str = "") -> str | None:
        """The act for this phase now, or None for good behaviour."""
        chances = self.plan.get(phase)
        if not chances:
            return None
        key = f"{self.seed} {phase} {address}"
        self._draws[key] += 1
        digest = hashlib.blake2b(f"{key} {self._draws[key]}".encode(), digest_size=6).digest()
        chance = int.from_bytes(digest, "big") / 2**48
        for wanted, act in chances:
            if chance < wanted:
                return act
            chance -= wanted
        return None
