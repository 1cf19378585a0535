"""Only public addresses are asked, in whatever form they are written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import FetchError
from notifier.fetching.ip_addresses import check_host, checked_addresses, is_public
from notifier.fetching.urls import ParsedUrl, read_url

PUBLIC = ["93.184.216.34", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::5db8:d822"]
NOT_PUBLIC_4 = [
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10"),
    *("192.0.0.0/29", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24"),
]
NEVER_4 = ["0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"]
NOT_PUBLIC_6 = [
    *("::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "100::/64", "2001:db8::/32", "2001::/32", "64:ff9b:1::/48"),
    *("::/96", "5f00::/16", "4000::/3"),
]


def asked(*addresses: str, may_be_private: bool = False) -> list[str]:
    """Return the addresses that may be asked for a host that has these."""
    return checked_addresses(read_url("https://papers.example.org/"), may_be_private, lambda *_: addresses)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_asked(address: str) -> None:
    assert asked(address) == [address]


def refused(ip: IPv4Address | IPv6Address, *, may_be_private: bool = False) -> bool:
    try:
        asked(str(ip), may_be_private=may_be_private)
    except FetchError:
        return True
    return False


def forms_of(ip: IPv4Address) -> list[IPv4Address | IPv6Address]:
    """Return an IPv4 address, and the forms in which IPv6 has it: mapped, translated (NAT64) and tunnelled (6to4)."""
    number = int(ip)
    return [
        ip,
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
    ]


@pytest.mark.parametrize("network", [*NOT_PUBLIC_4, *NEVER_4])
def test_no_other_ipv4_address_may_be_asked_in_any_form(network: str) -> None:
    block = IPv4Network(network)
    for ip in (block[0], block[-1], block[block.num_addresses // 2]):
        assert all(refused(form) for form in forms_of(ip))
        assert all(refused(form, may_be_private=True) is (network in NEVER_4) for form in forms_of(ip))


@pytest.mark.parametrize("network", [*NOT_PUBLIC_6, "ff00::/8", "::/128"])
def test_no_other_ipv6_address_may_be_asked(network: str) -> None:
    block = IPv6Network(network)
    assert all(refused(ip) for ip in (block[0], block[-1], block[block.num_addresses // 2]))


@given(st.integers(0, 2**32 - 1))
def test_a_public_ipv4_address_is_in_no_refused_network(number: int) -> None:
    ip = IPv4Address(number)
    if is_public(ip):
        assert not any(ip in ip_network(network) for network in (*NOT_PUBLIC_4, *NEVER_4))


def test_a_host_without_addresses_is_told() -> None:
    with pytest.raises(FetchError, match="has no IP address"):
        asked()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "a.localhost", "[::1]", "169.254.169.254", "localhost."])
def test_what_the_url_itself_says_is_checked_without_a_look_up(host: str) -> None:
    address: ParsedUrl = read_url(f"https://{host}/")
    with pytest.raises(FetchError, match="is not public"):
        check_host(address, may_be_private=False)
    check_host(address, may_be_private=True)
