"""Which network addresses may be fetched: public ones and the ranges an administrator names, nothing else.

Our own deny list: `ipaddress.is_global` lets NAT64, 6to4, 192.0.0.192 and multicast through.
"""

import socket
import threading
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from curator.errors import Invalid

Number = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA special-purpose registries (RFC 6890), multicast, and ranges that lead elsewhere (6to4 relays, AS112).
_DENIED_4 = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),  # the last is a cloud's metadata on a public number
        ),
    )
)
# Only global unicast is public; inside it: protocol assignments with Teredo, documentation, 6to4, AS112.
_PUBLIC_6 = IPv6Network("2000::/3")
_DENIED_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")))


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Every address `host` has, asked once; [] when it has none or the answer takes longer than `seconds`."""
    answers: list[str] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        answers.extend(dict.fromkeys(str(answer[4][0]) for answer in found))

    # The resolver cannot be given a time limit; a thread that is left behind ends when the resolver gives up.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return list(answers)


def may_fetch(address: str, allowed: Sequence[Network]) -> bool:
    """Is this numeric address public, or in one of the `allowed` ranges? Zones (`%eth0`) are never fetched."""
    try:
        number = ip_address(address)
    except ValueError:
        return False
    return is_public(number) or is_allowed(number, allowed)


def is_public(number: Number) -> bool:
    """Does everybody on the internet reach the same machine under this number?"""
    if isinstance(number, IPv4Address):
        return not any(number in network for network in _DENIED_4)
    if number.scope_id is not None:
        return False
    return number in _PUBLIC_6 and not any(number in network for network in _DENIED_6)


def is_allowed(number: Number, allowed: Iterable[Network]) -> bool:
    """Does one of the administrator's ranges cover it?"""
    return any(number.version == network.version and number in network for network in allowed)


def allowed_ranges(text: str) -> tuple[Network, ...]:
    """The ranges of the setting `fetch_allow`; `Invalid` names the one that is no range."""
    ranges = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        try:
            ranges.append(ip_network(part, strict=False))
        except ValueError as error:
            raise Invalid(f"CURATOR_FETCH_ALLOW: {part!r} is no network. Write it as 10.1.0.0/16.") from error
    return tuple(ranges)
