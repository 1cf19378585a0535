"""Limit what anybody may ask for, by address, by network, and by the domain of the address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network

from sqlalchemy import Engine

from notifier.store import limits, retried, writing
from notifier.store.limits import Limit
from notifier.text.addresses import address_key

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NETWORK_BITS = {4: 24, 6: 64}  # IP addresses with the same first bits count together: one customer may have them all
# A customer may also have a whole /48 of IPv6 (RFC 6177), in which there may be more people.
SITE_BITS, SITE_FACTOR = 48, 10


class Action(StrEnum):
    """The actions that are limited."""

    SIGN_UP = "sign-up"
    SIGN_IN = "sign-in"
    ADDRESS_CHANGE = "address-change"
    PREVIEW = "preview"
    REACTION = "reaction"  # a vote or feedback, or taking it back


# The most uses in each window. Many people share the domain of a large mail provider, or the network of a university.
BY_ADDRESS = {
    Action.SIGN_UP: ((10, HOUR), (30, DAY)),
    Action.SIGN_IN: ((6, HOUR), (20, DAY)),
    Action.ADDRESS_CHANGE: ((3, HOUR), (6, DAY)),
    Action.PREVIEW: (),
    Action.REACTION: ((200, HOUR), (1000, DAY)),
}
BY_NETWORK = {
    Action.SIGN_UP: ((30, HOUR), (150, DAY)),
    Action.SIGN_IN: ((30, HOUR), (150, DAY)),
    Action.ADDRESS_CHANGE: ((10, HOUR), (50, DAY)),
    Action.PREVIEW: ((600, HOUR),),
    Action.REACTION: ((2000, HOUR), (10_000, DAY)),
}
BY_DOMAIN = {
    Action.SIGN_UP: ((300, HOUR),),
    Action.SIGN_IN: ((300, HOUR),),
    Action.ADDRESS_CHANGE: ((100, HOUR),),
    Action.PREVIEW: (),
    Action.REACTION: ((2000, HOUR),),
}


@retried
def within_limits(engine: Engine, action: Action, email: str, ip: str | None, now: datetime) -> bool:
    """Count one use of an action, and return whether it is within all limits.

    `email` is the address that is asked for, and may be empty. `ip` is the address that the request comes from; None
    if it is not known. Whether the address is a subscriber's makes no difference.
    """
    with writing(engine) as connection:
        return limits.allow(connection, _limits(action, email, ip), now)


def network_of(ip: str) -> str:
    """Return the network that an IP address counts for; a text that is no IP address is returned as it is."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ip_network(f"{address}/{NETWORK_BITS[address.version]}", strict=False))


def _site_of(network: str) -> str:
    """Return the /48 that a network of IPv6 belongs to; empty for any other text."""
    try:
        return str(IPv6Network(network).supernet(new_prefix=SITE_BITS))
    except ValueError:
        return ""


def _limits(action: Action, email: str, ip: str | None) -> Iterator[Limit]:
    """Yield the limits of an action. Limits that fewer people share come first.

    The kinds come in the same order for everybody, so that on PostgreSQL no two transactions wait for each other.
    """
    if ip:
        network = network_of(ip)
        yield from (Limit(f"{action} network {network}", *most) for most in BY_NETWORK[action])
        if site := _site_of(network):
            most_of_site = ((SITE_FACTOR * most, window) for most, window in BY_NETWORK[action])
            yield from (Limit(f"{action} network {site}", *most) for most in most_of_site)
    key = address_key(email.strip())
    if key:
        yield from (Limit(f"{action} address {_mailbox(key)}", *most) for most in BY_ADDRESS[action])
        yield from (Limit(f"{action} domain {key.rpartition('@')[2]}", *most) for most in BY_DOMAIN[action])


def _mailbox(key: str) -> str:
    """Return an address without the part after a plus sign, which most mail servers ignore on delivery."""
    local, _, domain = key.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
