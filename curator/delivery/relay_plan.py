"""A relay as plain values: what it takes to open a line to it. Made by relays.py, printed without its password."""

from dataclasses import dataclass, field

from curator.delivery.models import Security


@dataclass(frozen=True)
class RelayPlan:
    """A relay as plain values, ready to be used. `rate` is messages per second over all workers."""

    id: int
    name: str
    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    connections: int = 8
    rate: float | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.host}:{self.port})"
