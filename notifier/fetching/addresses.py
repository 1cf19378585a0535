"""Which IP addresses a host has, and whether requests to them are allowed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from notifier.errors import FetchError
from notifier.fetching.web_address import WebAddress

IPAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]  # the addresses of a host and port; raises OSError

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA has allotted for public addresses
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR_RELAYS = IPv4Network("192.88.99.0/24")
_MOST_ADDRESSES = 8


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host, best first. Raises OSError if it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def checked_addresses(address: WebAddress, may_be_private: bool, ask: Resolve = resolve) -> list[str]:
    """Return the IP addresses of a host, after looking at each of them.

    With `may_be_private`, the addresses of local networks and of this machine are allowed too. Raises FetchError if one
    of them is not allowed, and OSError if the host cannot be found.
    """
    found = [address.host] if address.ip else list(ask(address.host, address.port))[:_MOST_ADDRESSES]
    if not found:
        raise FetchError(f"the host {address.host} has no address", "check the web address")
    for each in found:
        _check(address.host, ip_address(each.partition("%")[0]), may_be_private)
    return found


def check_written_address(address: WebAddress, may_be_private: bool) -> None:
    """Raise FetchError if the URL itself names an address, or this machine, that is not allowed."""
    if address.ip:
        _check(address.host, address.ip, may_be_private)
    elif address.host == "localhost" or address.host.endswith(".localhost"):
        _check(address.host, ip_address("127.0.0.1"), may_be_private)


def _check(host: str, ip: IPAddress, may_be_private: bool) -> None:
    inner = _inner(ip)
    if _is_never_a_server(inner):
        raise FetchError(f"the host {host} has the address {ip}, which no server can have", "check the web address")
    if not may_be_private and not is_public(inner):
        raise FetchError(
            f"the host {host} has the address {ip}, which is not public",
            "if it is meant, name the host in [fetching] allow_private",
        )


def is_public(ip: IPAddress) -> bool:
    """Return whether an address is one of the public internet."""
    if isinstance(ip, IPv6Address):
        return ip.is_global and ip in _GLOBAL_UNICAST and not ip.teredo
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and ip not in _SIX_TO_FOUR_RELAYS


def _is_never_a_server(ip: IPAddress) -> bool:
    return ip.is_unspecified or ip.is_multicast or (ip.version == 4 and (ip.is_reserved or int(ip) >> 24 == 0))


def _inner(ip: IPAddress) -> IPAddress:
    """Return the IPv4 address to which an IPv6 address leads by a rule of translation, or else the address itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
