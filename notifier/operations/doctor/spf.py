"""Evaluate the SPF record of a domain (RFC 7208): whether it is valid, and whether it covers an IP address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from notifier.operations.doctor.names import Names

MOST_LOOKUPS, MOST_EMPTY, MOST_SERVERS = 10, 2, 10  # RFC 7208, section 4.6.4
_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9_.-]*+)(?:([:=])([^\s]*+)|(/[^\s]*+))?")
_TARGET = re.compile(r"([^/]*+)(?:/(\d{1,3}))?(?://(\d{1,3}))?")


class SpfResult(StrEnum):
    """What an SPF record says about an IP address."""

    PASS = "pass"
    FAIL = "fail"
    SOFT_FAIL = "softfail"
    NEUTRAL = "neutral"
    UNKNOWN = "unknown"  # the answer depends on a macro, which has another value in each mail


_RESULTS = {
    "+": SpfResult.PASS,
    "": SpfResult.PASS,
    "-": SpfResult.FAIL,
    "~": SpfResult.SOFT_FAIL,
    "?": SpfResult.NEUTRAL,
}


class SpfError(Exception):
    """A fault of the record. Because of it, receivers ignore the whole record (permerror)."""


@dataclass
class Evaluation:
    """One evaluation for an IP address. If `ip` is None, only `all` matches, and all mechanisms are read."""

    names: Names
    ip: IPv4Address | IPv6Address | None
    lookups: int = 0
    empty: int = 0
    has_macros: bool = False
    domains: list[str] = field(default_factory=list)

    def result(self, domain: str) -> SpfResult:
        """Return what the record of a domain says.

        Raises SpfError if it is faulty, and CannotTellError if the name servers do not answer.
        """
        records = records_of(self.names, domain)
        if not records:
            raise SpfError(f"{domain} has no SPF record")
        if len(records) > 1:
            raise SpfError(f"{domain} has {len(records)} SPF records, and receivers then ignore them all")
        if domain in self.domains:
            raise SpfError(f"the record of {domain} includes itself")
        self.domains.append(domain)
        found = self._of_terms(domain, records[0].split()[1:])
        self.domains.pop()
        return found

    def _of_terms(self, domain: str, terms: list[str]) -> SpfResult:
        redirect, decided = "", None
        for term in terms:
            match = _TERM.fullmatch(term)
            if not match:
                raise SpfError(f"the record of {domain} has the part {term!r}, which cannot be read")
            qualifier, name, separator, value, bare = (part or "" for part in match.groups())
            name = name.lower()
            if separator == "=":
                redirect = value if name == "redirect" else redirect
            elif decided is None and self._matches(domain, name, bare or value):
                decided = _RESULTS[qualifier]
                if self.ip is not None:
                    return decided
        if decided is not None:
            return decided
        if redirect:
            self._count_lookup()
            return self.result(redirect.rstrip("."))
        return SpfResult.UNKNOWN if self.has_macros else SpfResult.NEUTRAL

    def _matches(self, domain: str, name: str, value: str) -> bool:
        match name:
            case "all":
                return True
            case "ip4" | "ip6":
                return self._is_in_network(domain, name, value)
            case "include":
                self._count_lookup()
                return self._includes(value.rstrip("."))
            case "a" | "mx":
                self._count_lookup()
                return self._is_server(domain, name, value)
            case "exists" | "ptr":
                self._count_lookup()
                self.has_macros = True
                return False
        raise SpfError(f"the record of {domain} has the part {name!r}, which SPF does not know")

    def _is_in_network(self, domain: str, name: str, value: str) -> bool:
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            raise SpfError(f"the record of {domain} has {name}:{value}, which is no network") from None
        if network.version != (4 if name == "ip4" else 6):
            raise SpfError(f"the record of {domain} has {name}:{value}, which is no network of {name}")
        return self.ip is not None and self.ip in network

    def _includes(self, domain: str) -> bool:
        if "%" in domain:
            self.has_macros = True
            return False
        return self.result(domain) is SpfResult.PASS and self.ip is not None

    def _is_server(self, domain: str, name: str, value: str) -> bool:
        """Return whether a host (`a`), or one of the mail servers of a domain (`mx`), has the IP address."""
        match = _TARGET.fullmatch(value)
        if not match:
            raise SpfError(f"the record of {domain} has {name}:{value}, which cannot be read")
        host = (match[1] or domain).rstrip(".")
        if "%" in host:
            self.has_macros = True
            return False
        hosts = [host] if name == "a" else [each for each in self.names.mail_servers(host) if each]
        if len(hosts) > MOST_SERVERS:
            raise SpfError(
                f"the record of {domain} names the mail servers of {host}, which has more than {MOST_SERVERS}"
            )
        found = [ip_address(address) for each in hosts for address in self.names.addresses(each)]
        if not found:
            self._count_empty()
        if self.ip is None:
            return False
        bits = (match[2] or 32) if self.ip.version == 4 else (match[3] or 128)
        try:
            networks = [ip_network(f"{each}/{bits}", strict=False) for each in found if each.version == self.ip.version]
        except ValueError:
            raise SpfError(f"the record of {domain} has {name}{value}, whose number of bits is too large") from None
        return any(self.ip in network for network in networks)

    def _count_lookup(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise SpfError(f"it needs more than {MOST_LOOKUPS} questions to name servers, and receivers then ignore it")

    def _count_empty(self) -> None:
        self.empty += 1
        if self.empty > MOST_EMPTY:
            raise SpfError(f"it names more than {MOST_EMPTY} hosts that do not exist, and receivers then ignore it")


def records_of(names: Names, domain: str) -> list[str]:
    """Return the SPF records of a domain; there should be one."""
    return [text for text in names.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
