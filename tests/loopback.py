"""Nothing leaves the machine in tests: other addresses are refused, other names do not exist.

A test that tried to leave fails, even when the code under test swallowed the refusal.
"""

import ipaddress
import socket
from typing import Any

tries: list[str] = []
"""Addresses something tried to connect to; the fixture that empties it fails the test that filled it."""

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


def stay_on_loopback() -> None:
    """Guard every socket of this process from now on."""
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = _guarded_getaddrinfo


def is_local(host: str) -> bool:
    """Loopback by number or by name; anything else is the world."""
    if host in ("", "localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.endswith(".localhost")


def _refuse_others(line: socket.socket, address: Any) -> None:
    if line.family in (socket.AF_INET, socket.AF_INET6) and not is_local(str(address[0])):
        tries.append(f"{address[0]}:{address[1]}")
        raise ConnectionRefusedError(f"Tests stay on loopback: {address}")


def _guarded_connect(line: socket.socket, address: Any) -> None:
    _refuse_others(line, address)
    _connect(line, address)


def _guarded_connect_ex(line: socket.socket, address: Any) -> int:
    _refuse_others(line, address)
    return _connect_ex(line, address)


def _guarded_getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and not is_local(name) and not _is_number(name):
        raise socket.gaierror(socket.EAI_NONAME, f"Tests know no other names: {name}")
    return _getaddrinfo(host, *rest, **named)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
