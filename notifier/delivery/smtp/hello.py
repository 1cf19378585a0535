"""Find the name by which this machine introduces itself in EHLO (RFC 5321, section 4.1.1.1)."""

from __future__ import annotations

import asyncio
import re
import socket
from ipaddress import IPv6Address, ip_address

_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}+(?<!-)"
_FULL_NAME = re.compile(rf"\A(?=.{{4,253}}\Z)(?:{_LABEL}\.)+(?=[A-Za-z]){_LABEL}")
_NEVER_PUBLIC = {"localhost", "localdomain", "local", "invalid", "test"}  # last labels (RFC 6761, RFC 6762)


async def hello_name(configured: str, transport: asyncio.BaseTransport) -> str:
    """Return the configured name, else the machine's full name, else this end of the connection as an address literal.

    Names without a dot and names such as localhost say nothing to a relay, and many relays refuse them. Raises
    ConnectionResetError if the connection is lost already.
    """
    return configured or await asyncio.to_thread(full_name) or _own_address(transport)


def _own_address(transport: asyncio.BaseTransport) -> str:
    name = transport.get_extra_info("sockname")
    if name is None:
        raise ConnectionResetError("the connection was lost at once")
    return address_literal(name[0])


def full_name() -> str:
    """Return the machine's full name, or "". Asking the resolver may take seconds, so this runs in a thread."""
    name = socket.gethostname()
    if not is_full_name(name):
        name = socket.getfqdn(name)
    return name if is_full_name(name) else ""


def is_full_name(name: str) -> bool:
    """Return whether a name may be the full name of a machine that others can find."""
    return bool(_FULL_NAME.fullmatch(name)) and name.rpartition(".")[2].lower() not in _NEVER_PUBLIC


def address_literal(address: str) -> str:
    """Return an IP address as SMTP writes it in place of a domain (RFC 5321, section 4.1.3)."""
    ip = ip_address(address.partition("%")[0])  # without the interface of a link-local address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return f"[IPv6:{ip}]" if isinstance(ip, IPv6Address) else f"[{ip}]"
