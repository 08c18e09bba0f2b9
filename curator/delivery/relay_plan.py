"""A relay as plain values: what it takes to open a line to it. Made by relays.py, printed without its password."""

from dataclasses import dataclass, field

from curator.delivery.models import Health, Security


@dataclass(frozen=True)
class RelayPlan:
    """A relay as plain values, ready to be used. `rate` is messages per second over all workers.

    `health` is what was known when it was read.
    """

    id: int
    name: str
    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    connections: int = 8
    rate: float | None = None
    pool: str = ""
    weight: int = 1
    health: Health = Health.UP
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.host}:{self.port})"
