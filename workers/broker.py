"""What kombu's Redis transport does not bear by itself: a task that ends while the broker is away.

Its acknowledgement fails, the message counts as work in hand for ever, and a worker that takes one at a time never asks
for another. Here it is done with either way: at worst the ring comes again, and a ring repeated finds nothing to do.
"""

from typing import Any

import structlog
from kombu.transport import redis as transport
from kombu.transport import virtual
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class PatientQoS(transport.QoS):
    """Lets go of a message whose acknowledgement the broker does not hear."""

    def ack(self, delivery_tag: Any) -> None:
        """Acknowledge; when that fails, forget the message here."""
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            self._forget(delivery_tag, error)

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        """Give back or drop; when that fails, forget the message here."""
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            self._forget(delivery_tag, error)

    def _forget(self, delivery_tag: Any, error: Exception) -> None:
        log.warning("ring_not_acknowledged", error=type(error).__name__)
        virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]


def bear_outages() -> None:
    """Put it in place, for every connection this process opens."""
    transport.Channel.QoS = PatientQoS
