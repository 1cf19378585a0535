"""Make one request and read its response. This is the only module that imports the HTTP library.

It uses the transport of httpx2, but not its Client, because a Client follows redirects, keeps cookies, reads .netrc,
takes proxies from the environment, and logs whole URLs. None of this must happen here.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx2

from notifier.config import FetchingConfig
from notifier.errors import FetchError
from notifier.fetching.deadline import Deadline, DeadlineWatch
from notifier.fetching.failures import CHECK_URL, LATER, TemporaryError, no_connection
from notifier.fetching.http_messages import HttpRequest, HttpResponse
from notifier.fetching.unpacking import ENCODINGS, CutOffError, TooLargeError, UnpackedBody
from notifier.fetching.urls import ParsedUrl

_MAX_CONNECT_SECONDS = 20.0  # for one IP address
_OK = 200

# Below the level WARNING, these libraries log URLs and headers, which may hold secrets.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Exchange:
    """Makes requests, each over a connection of its own.

    Connections are not kept. The pool would find them by IP address, so two hosts with one IP address would share a
    connection whose certificate was checked for only one of them.
    """

    def __init__(self, settings: FetchingConfig) -> None:
        self._limit = settings.max_response_bytes
        self._file_mb = settings.file_mb
        tls_context = _tls_context(settings.ca_file)
        self._transport = httpx2.HTTPTransport(
            verify=tls_context,
            trust_env=False,
            proxy=_proxy(settings.proxy.get_secret_value(), tls_context),
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Close the connections that are still open."""
        self._transport.close()

    def ask(self, request: HttpRequest, ips: Sequence[str], deadline: Deadline) -> HttpResponse:
        """Make a request to the first of these IP addresses that accepts a connection.

        Without IP addresses, the request goes to the proxy, which resolves the name. Raises FetchError.
        """
        for ip in ips[:-1]:
            try:
                return self._ask(request, ip, deadline)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = no_connection(request.url, error)
                if not isinstance(failure, TemporaryError):
                    raise failure from None
        try:
            return self._ask(request, ips[-1] if ips else None, deadline)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise no_connection(request.url, error, is_proxied=not ips) from None

    def _ask(self, request: HttpRequest, ip: str | None, deadline: Deadline) -> HttpResponse:
        url = request.url
        with DeadlineWatch(deadline) as watch:
            try:
                streamed_response = self._transport.handle_request(_http_request(request, ip, deadline, watch))
                try:
                    response = self._read(streamed_response, request)
                finally:
                    streamed_response.close()
                if watch.has_ended:  # the end of the connection may look like the end of the body
                    raise _too_slow(url, deadline)
                return response
            except (httpx2.TransportError, FetchError) as error:
                is_connected = not isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout))
                if watch.has_ended or not deadline.left:
                    raise _without_answer(_too_slow(url, deadline), is_connected) from None
                if isinstance(error, FetchError) or not is_connected:
                    raise
                raise _broken(url, error, deadline) from None

    def _read(self, streamed_response: httpx2.Response, request: HttpRequest) -> HttpResponse:
        url = request.url
        headers = {name.lower(): value for name, value in streamed_response.headers.items()}
        if request.answer_bytes is not None:
            return HttpResponse(streamed_response.status_code, headers, _beginning(streamed_response, request))
        if streamed_response.status_code != _OK or not request.wants_body:
            return HttpResponse(streamed_response.status_code, headers)
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in ENCODINGS:
            raise FetchError(
                f"the response of {url} has a Content-Encoding that was not asked for", "report it to its operator"
            )
        length = headers.get("content-length", "")
        body = UnpackedBody(encoding, self._limit)
        try:
            if length.isdecimal() and int(length) > self._limit:
                raise TooLargeError
            for piece in streamed_response.iter_raw():
                body.add(piece)
            return HttpResponse(streamed_response.status_code, headers, body.whole())
        except TooLargeError:
            reason = f"the response of {url} is larger than {self._file_mb} MB"
            raise FetchError(reason, "if this is intended, raise [fetching] file_mb") from None
        except (CutOffError, httpx2.ReadError, httpx2.RemoteProtocolError):
            raise TemporaryError(url, f"the response of {url} was cut off") from None


def _beginning(streamed_response: httpx2.Response, request: HttpRequest) -> bytes:
    """Return the beginning of a body. Its end is left out if it is too long, cut off, or packed in an unknown way."""
    assert request.answer_bytes is not None
    encoding = streamed_response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        return b""
    body = UnpackedBody(encoding, request.answer_bytes)
    with suppress(TooLargeError, CutOffError, httpx2.ReadError, httpx2.RemoteProtocolError):
        for piece in streamed_response.iter_raw():
            body.add(piece)
    return body.beginning


def _http_request(request: HttpRequest, ip: str | None, deadline: Deadline, watch: DeadlineWatch) -> httpx2.Request:
    """Return the request as httpx2 takes it: to the IP address that was checked, with the host's name in `Host`."""
    url = request.url
    left = deadline.left
    extensions = {
        "timeout": {"connect": min(left, _MAX_CONNECT_SECONDS), "read": left, "write": left, "pool": left},
        "trace": watch.trace,
        "sni_hostname": url.host,  # the certificate is checked for this name
    }
    return httpx2.Request(
        request.method,
        httpx2.URL(scheme=url.scheme, host=ip or url.host, port=url.port, raw_path=url.target.encode("ascii")),
        headers={"Host": url.netloc, **request.headers, "Accept-Encoding": "gzip", "Connection": "close"},
        content=request.body or None,
        extensions=extensions,
    )


def _broken(url: ParsedUrl, error: Exception, deadline: Deadline) -> FetchError:
    """Return the error for a connection that failed after it was made."""
    match error:
        case httpx2.ProxyError():
            return FetchError(f"the proxy refused the request to {url}", "check [fetching] proxy")
        case httpx2.TimeoutException():
            return _without_answer(_too_slow(url, deadline))
        case httpx2.LocalProtocolError():
            return FetchError(f"the request to {url} cannot be written", CHECK_URL)
        case httpx2.RemoteProtocolError():
            return _without_answer(TemporaryError(url, f"{url} sent no response in HTTP"))
        case _:
            return _without_answer(TemporaryError(url, f"the connection to {url} broke"))


def _without_answer(error: FetchError, is_connected: bool = True) -> FetchError:
    """Return an error that says whether the server may have got the request."""
    error.may_have_arrived = is_connected
    return error


def _too_slow(url: ParsedUrl, deadline: Deadline) -> FetchError:
    return FetchError(f"{url} took longer than {deadline.seconds:g} s", LATER)


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return the TLS context with these certificates or the system's. Raises FetchError for an unreadable file."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        raise FetchError(
            f"{ca_file} has no certificates in PEM form that can be read", "check [fetching] ca_file"
        ) from None


def _proxy(url: str, tls_context: ssl.SSLContext) -> httpx2.Proxy | None:
    if not url:
        return None
    return httpx2.Proxy(url, ssl_context=tls_context if url.startswith("https:") else None)
