"""Find the IP addresses of a host, and check whether requests to them are allowed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from notifier.errors import FetchError
from notifier.fetching.urls import ParsedUrl

IPAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]  # returns the IP addresses of a host and port; raises OSError

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # IANA assigns public addresses only from this block
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR_RELAYS = IPv4Network("192.88.99.0/24")
_MAX_ADDRESSES = 8


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the IP addresses of a host, best first, as the system resolves it. Raises OSError if it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def checked_addresses(url: ParsedUrl, may_be_private: bool, ask: Resolve = resolve) -> list[str]:
    """Return the IP addresses of a host, after checking each of them.

    With `may_be_private`, those of local networks and of this machine are allowed too. Raises FetchError if one
    of them is not allowed, and OSError if the host cannot be found.
    """
    found = [url.host] if url.ip else list(ask(url.host, url.port))[:_MAX_ADDRESSES]
    if not found:
        raise FetchError(f"the host {url.host} has no IP address", "check the URL")
    for each in found:
        _check(url.host, ip_address(each.partition("%")[0]), may_be_private)
    return found


def check_host(url: ParsedUrl, may_be_private: bool) -> None:
    """Raise FetchError if the host of a URL is an IP address or `localhost`, and requests to it are not allowed."""
    if url.ip:
        _check(url.host, url.ip, may_be_private)
    elif url.host == "localhost" or url.host.endswith(".localhost"):
        _check(url.host, ip_address("127.0.0.1"), may_be_private)


def _check(host: str, ip: IPAddress, may_be_private: bool) -> None:
    embedded = _embedded_ipv4(ip)
    if _is_never_a_server(embedded):
        raise FetchError(f"the host {host} has the IP address {ip}, which no server can have", "check the URL")
    if not may_be_private and not is_public(embedded):
        raise FetchError(
            f"the host {host} has the IP address {ip}, which is not public",
            "if this is intended, name the host in [fetching] allow_private",
        )


def is_public(ip: IPAddress) -> bool:
    """Return whether an IP address belongs to the public internet."""
    if isinstance(ip, IPv6Address):
        return ip.is_global and ip in _GLOBAL_UNICAST and not ip.teredo
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and ip not in _SIX_TO_FOUR_RELAYS


def _is_never_a_server(ip: IPAddress) -> bool:
    return ip.is_unspecified or ip.is_multicast or (ip.version == 4 and (ip.is_reserved or int(ip) >> 24 == 0))


def _embedded_ipv4(ip: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address embeds (NAT64, 6to4, IPv4-mapped), or else the address itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
