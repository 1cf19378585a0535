"""Describe why a request failed, and whether it may succeed if it is repeated within seconds."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime

from notifier.errors import FetchError
from notifier.fetching.urls import ParsedUrl

CHECK_URL = "check the URL"
CHECK_HOST = "check the URL and the network of this machine"
LATER = "it may work later"

# What OpenSSL found wrong with a certificate (X509_V_ERR_...), and the cure.
_CERTIFICATES = {
    9: ("is not valid yet", "check the clock of this machine"),
    10: ("has expired", "its operator has to renew it, unless the clock of this machine is wrong"),
    18: ("is self-signed", "if this is intended, name its file in [fetching] ca_file"),
    19: (
        "is signed by an unknown authority",
        "if this is intended, name the file of the authority in [fetching] ca_file",
    ),
    20: (
        "is signed by an unknown authority",
        "if this is intended, name the file of the authority in [fetching] ca_file",
    ),
    62: ("is for another host", CHECK_URL),
    64: ("is for another host", CHECK_URL),
}
_TOO_MANY, _FIRST_SERVER_ERROR = 429, 500
_TEMPORARY = {408, 425, 500, 502, 503, 504}
_REFUSED = {401, 402, 403, 407, 451}
_GONE = {404, 410}


class TemporaryError(FetchError):
    """A failure that may be over within seconds, so that the request is repeated."""

    def __init__(
        self,
        url: ParsedUrl,
        reason: str,
        cure: str = LATER,
        *,
        status: int | None = None,
        retry_after: datetime | None = None,
    ) -> None:
        super().__init__(reason, cure, status=status, retry_after=retry_after)
        self.url = url


def refusal(url: ParsedUrl, status: int, retry_after: datetime | None) -> FetchError:
    """Return the error for a response whose status is not a success."""
    reason = f"HTTP {status} from {url}"
    if status in _TEMPORARY or (status == _TOO_MANY and retry_after):
        wait = f"it asks to wait until {retry_after:%Y-%m-%d %H:%M:%S} UTC" if retry_after else LATER
        return TemporaryError(url, reason, wait, status=status, retry_after=retry_after)
    if status == _TOO_MANY:
        cure = "it asks for fewer requests, so fetch the source less often"
    elif status in _REFUSED:
        cure = "it refuses the request, so check the URL and [fetching] contact"
    elif status in _GONE:
        cure = CHECK_URL
    else:
        cure = LATER if status >= _FIRST_SERVER_ERROR else CHECK_URL
    return FetchError(reason, cure, status=status, retry_after=retry_after)


def unknown_host(url: ParsedUrl, error: OSError) -> FetchError:
    """Return the error for a host whose addresses could not be found."""
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return TemporaryError(url, f"the name server does not answer for the host {url.host}")
    return FetchError(f"no such host: {url.host}", CHECK_HOST)


def no_connection(url: ParsedUrl, error: BaseException, *, is_proxied: bool = False) -> FetchError:
    """Return the error for a connection that could not be made, described by its cause."""
    made = f"no connection to {'the proxy for ' if is_proxied else ''}{url} was made"
    cure = "check [fetching] proxy" if is_proxied else LATER
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate_error(url, cause)
        if isinstance(cause, ssl.SSLError):
            reason = f"no TLS connection to {url} was made ({_openssl_reason(cause)})"
            return TemporaryError(url, reason)
        if isinstance(cause, TimeoutError):
            return TemporaryError(url, f"{made} in time", cure)
        if isinstance(cause, OSError) and cause.strerror:
            return TemporaryError(url, f"{made}: {cause.strerror.lower()}", cure)
    return TemporaryError(url, made, cure)


def _certificate_error(url: ParsedUrl, error: ssl.SSLCertVerificationError) -> FetchError:
    said = error.verify_message or "is not valid"
    what, cure = _CERTIFICATES.get(error.verify_code, (f"is refused ({said})", CHECK_URL))
    return FetchError(f"the certificate of {url.netloc} {what}", cure)


def _openssl_reason(error: ssl.SSLError) -> str:
    return (error.reason or "the handshake failed").replace("_", " ").lower()


def _causes(error: BaseException | None) -> list[BaseException]:
    """Return an error and its causes, beginning with the original cause."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found[::-1]
