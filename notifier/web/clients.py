"""Find the IP address of the client of a request, also behind a proxy that the config names."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated

from fastapi import Depends, Request

from notifier.web.site import SiteDependency

IPAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def client_address(site: SiteDependency, request: Request) -> str | None:
    """Return the IP address of the client, or None if it is not known, as with a Unix socket.

    Each proxy appends to X-Forwarded-For the address from which it got the request. So the header is read from its end,
    as long as the addresses are those of `[web] trusted_proxies`. The first other address is the client's. The client
    may have invented the addresses before it in the header.
    """
    peer = request.client.host if request.client else ""
    hops = [peer, *reversed(",".join(request.headers.getlist("x-forwarded-for")).split(","))]
    found: IPAddress | None = None
    for hop in hops:
        address = _address(hop)
        if address is None:
            break
        found = address
        if not _is_among(found, site.config.web.trusted_networks):
            break
    return str(found) if found else None


ClientAddress = Annotated[str | None, Depends(client_address)]


def _address(text: str) -> IPAddress | None:
    try:
        found = ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_among(address: IPAddress, networks: Collection[Network]) -> bool:
    return any(address in network for network in networks)
