"""Parse URLs strictly, and show them without the secrets that they may hold."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote, urlsplit

from notifier.address_form import ascii_domain
from notifier.errors import FetchError, shortened

MAX_URL_LENGTH = 4_000  # characters
_MAX_HOST_LENGTH = 253  # characters (RFC 1035)
_MAX_SHOWN_LENGTH = 120  # characters
_DEFAULT_PORTS = {"https": 443, "http": 80}
_CURE = "write it like https://papers.example.org/feed"

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*+")
_NUMBER = re.compile(r"[0-9]++|0x[0-9a-f]*+")
_SAFE = "/?:@!$&'()*+,;=~-._%[]"  # what stays as it is in the path and the query

# The parameters whose values are shown. Any other may be a password, whatever its name is.
_HARMLESS = frozenset(
    {
        *("date", "day", "month", "year", "from", "until", "since", "after", "before", "start", "end"),
        *("offset", "limit", "page", "per_page", "rows", "max_results", "sort", "sortby", "sortorder", "order"),
        *("verb", "set", "metadataprefix", "format", "category", "cat", "search_query", "invitation", "venue"),
    }
)
_PIECES = re.compile(r"[A-Za-z0-9]++")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_MAX_WORD_LENGTH = 15  # a longer word of letters and digits is taken for a key


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """The parts of a URL. `host` is a name in lower case and ASCII, or an IP address without brackets."""

    scheme: str
    host: str
    port: int
    target: str  # the path and the query

    @property
    def ip(self) -> IPv4Address | IPv6Address | None:
        """The host as an IP address; None if it is a name."""
        return _ip(self.host)

    @property
    def netloc(self) -> str:
        """The value of the header Host: an IPv6 address in square brackets, and the port if it is not the default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def whole(self) -> str:
        """The whole URL, with its secrets."""
        return f"{self.scheme}://{self.netloc}{self.target}"

    @property
    def has_default_port(self) -> bool:
        """Whether the port is the default of the scheme."""
        return self.port == _DEFAULT_PORTS[self.scheme]

    def __str__(self) -> str:
        """Return the URL as messages show it, without secrets."""
        path, _, query = self.target.partition("?")
        shown_path = "/".join(map(_shown_segment, path.split("/")))
        shown_query = "&".join(map(_shown_parameter, query.split("&"))) if query else ""
        shown = f"{self.scheme}://{self.netloc}{shown_path}{'?' if query else ''}{shown_query}"
        return shortened(shown, _MAX_SHOWN_LENGTH)


def read_url(url: str) -> ParsedUrl:
    """Return the parts of a URL; a fragment is dropped. Raises FetchError, which does not quote the URL."""
    if len(url) > MAX_URL_LENGTH:
        raise FetchError(f"the URL has more than {MAX_URL_LENGTH} characters", "write a shorter one")
    if "\\" in url or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise FetchError("the URL has a backslash, a space or a control character", _CURE)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise FetchError("the URL has no readable host and port", _CURE) from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise FetchError("the URL does not begin with https://", _CURE)
    if "@" in parts.netloc:
        raise FetchError("the URL has a user name or a password in it", "write it without them")
    if port == 0:
        raise FetchError("the URL has the port 0", "write the port of the server, or none")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return ParsedUrl(
        parts.scheme, _host(parts.hostname or ""), port or _DEFAULT_PORTS[parts.scheme], quote(target, safe=_SAFE)
    )


def check_tls(url: ParsedUrl, allow_http: Container[str]) -> None:
    """Raise FetchError if a URL is without TLS, unless `allow_http` has its host."""
    if url.scheme == "http" and url.host not in allow_http:
        raise FetchError(
            f"{url} is without TLS",
            "write https://, or name its host in [fetching] allow_http if it has no TLS",
        )


def shown_url(url: str) -> str:
    """Return a URL for a message or a log, without secrets; no part of it if it cannot be read."""
    try:
        return str(read_url(url))
    except FetchError:
        return "an unreadable URL"


def _host(written: str) -> str:
    """Return the canonical form of a host. Raises FetchError if it is neither a name nor an IP address."""
    try:
        host = ascii_domain(written).rstrip(".")
    except ValueError:
        raise FetchError("the host of the URL is no name that can be looked up", _CURE) from None
    ip = _ip(host)
    if ip:
        return str(ip)
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        # Some programs read 2130706433, 0x7f.1 and 127.1 as addresses, and others as names.
        raise FetchError("the host of the URL is a number", "write an address as four numbers, as in 192.0.2.1")
    if len(host) > _MAX_HOST_LENGTH or not _NAME.fullmatch(host):
        raise FetchError("the URL has no host, or one that is no name", _CURE)
    return host


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host) if "%" not in host else None
    except ValueError:
        return None


def _shown_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if not equals:
        return _shown_segment(name)
    return f"{_shown_segment(name)}={_shown_segment(value) if name.lower() in _HARMLESS else '***'}"


def _shown_segment(text: str) -> str:
    """Return a part of a path, or `***` if it looks like a key: a long mixture of letters and digits."""
    pieces = _PIECES.findall(text)
    joined = "".join(pieces)
    kinds = (any(map(kind, joined)) for kind in (str.isdigit, str.islower, str.isupper))
    is_key = _UUID.search(text) or any(map(_is_key, pieces)) or (len(joined) > _MAX_WORD_LENGTH and all(kinds))
    return "***" if is_key else text


def _is_key(piece: str) -> bool:
    return len(piece) > _MAX_WORD_LENGTH and not piece.isalpha() and not piece.isdigit()
