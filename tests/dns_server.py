"""A DNS server for tests: answers from a table over UDP on loopback, and can say nothing, fail or lie on request."""

import asyncio
import threading
from collections import Counter
from types import TracebackType

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class DnsServer:
    """`with DnsServer({("example.org", "TXT"): ['"v=spf1 -all"']}) as server:` listens at `server.address`.

    Values are as in a zone file. Names in `silent` get no answer, names in `failing` get SERVFAIL.
    """

    def __init__(self, zone: dict[tuple[str, str], list[str]], silent: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        self.zone = zone
        self.silent = set(silent)
        self.failing: set[str] = set()
        self.asked: Counter[tuple[str, str]] = Counter()
        self.port = 0

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return ("127.0.0.1", self.port)

    def answer(self, query: bytes) -> bytes | None:
        """The answer to one question, or None for none at all."""
        message = dns.message.from_wire(query)
        question = message.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        if name in self.silent:
            return None
        reply = dns.message.make_response(message)
        reply.flags |= dns.flags.RA
        values = self.zone.get((name, kind), [])
        if name in self.failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif values:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        elif not any(known == name for known, _ in self.zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()

    def __enter__(self) -> "DnsServer":
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        opening = self._loop.create_datagram_endpoint(lambda: _Protocol(self), local_addr=("127.0.0.1", 0))
        transport, _ = self._loop.run_until_complete(opening)
        self.port = transport.get_extra_info("sockname")[1]
        started.set()
        self._loop.run_forever()
        transport.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (answer := self._server.answer(data)) is not None:
            self._transport.sendto(answer, addr)
