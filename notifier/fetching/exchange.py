"""One request to one address, and its reply: the only module that uses the HTTP client.

It uses the transport of httpx2 without its Client. The Client has what must not happen here: it follows redirects,
keeps cookies, reads .netrc and proxies from the environment, and logs whole URLs.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx2

from notifier.config import FetchingConfig
from notifier.errors import FetchError
from notifier.fetching.deadline import Deadline, Watch
from notifier.fetching.failures import CHECK_ADDRESS, LATER, PassingError, no_connection
from notifier.fetching.requests import Answer, Request
from notifier.fetching.unpacking import ENCODINGS, Body, BrokenOffError, TooLargeError
from notifier.fetching.web_address import WebAddress

_LONGEST_CONNECTING = 20.0  # seconds, for one IP address
_OK = 200

for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # below, they log URLs and headers, with what is secret in them


class Exchange:
    """Makes requests, each over a connection of its own.

    Connections are not kept, because they would be found again by IP address, and a certificate is checked for a name:
    two hosts at one address would share a connection.
    """

    def __init__(self, settings: FetchingConfig) -> None:
        self._limit = settings.largest
        self._file_mb = settings.file_mb
        trusted = _trusted(settings.ca_file)
        self._transport = httpx2.HTTPTransport(
            verify=trusted,
            trust_env=False,
            proxy=_proxy(settings.proxy.get_secret_value(), trusted),
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Close what is still open."""
        self._transport.close()

    def ask(self, request: Request, ips: Sequence[str], deadline: Deadline) -> Answer:
        """Make a request to the first of these IP addresses that takes a connection.

        Without IP addresses, a proxy is asked, which finds them by itself. Raises FetchError.
        """
        for ip in ips[:-1]:
            try:
                return self._ask(request, ip, deadline)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = no_connection(request.address, error)
                if not isinstance(failure, PassingError):
                    raise failure from None
        try:
            return self._ask(request, ips[-1] if ips else None, deadline)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise no_connection(request.address, error, is_proxied=not ips) from None

    def _ask(self, request: Request, ip: str | None, deadline: Deadline) -> Answer:
        address = request.address
        with Watch(deadline) as watch:
            try:
                response = self._transport.handle_request(_http_request(request, ip, deadline, watch))
                try:
                    answer = self._answer(response, address)
                finally:
                    response.close()
                if watch.has_ended:  # the end of the connection may look like the end of the body
                    raise _too_slow(address, deadline)
                return answer
            except (httpx2.TransportError, FetchError) as error:
                if watch.has_ended or not deadline.left:
                    raise _too_slow(address, deadline) from None
                if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, FetchError)):
                    raise
                raise _broken(address, error, deadline) from None

    def _answer(self, response: httpx2.Response, address: WebAddress) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code != _OK:
            return Answer(response.status_code, headers)
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in ENCODINGS:
            raise FetchError(
                f"the reply of {address} is packed in a way that was not asked for", "report it to its operator"
            )
        length = headers.get("content-length", "")
        body = Body(encoding, self._limit)
        try:
            if length.isdecimal() and int(length) > self._limit:
                raise TooLargeError
            for piece in response.iter_raw():
                body.add(piece)
            return Answer(response.status_code, headers, body.whole())
        except TooLargeError:
            reason = f"the reply of {address} is larger than {self._file_mb} MB"
            raise FetchError(reason, "if it is meant, raise [fetching] file_mb") from None
        except (BrokenOffError, httpx2.ReadError, httpx2.RemoteProtocolError):
            raise PassingError(address, f"the reply of {address} broke off") from None


def _http_request(request: Request, ip: str | None, deadline: Deadline, watch: Watch) -> httpx2.Request:
    """Return the request as the client takes it: to the IP address that was checked, for the name of the host."""
    address = request.address
    left = deadline.left
    extensions = {
        "timeout": {"connect": min(left, _LONGEST_CONNECTING), "read": left, "write": left, "pool": left},
        "trace": watch.trace,
        "sni_hostname": address.host,  # the certificate is checked for this name
    }
    return httpx2.Request(
        request.method,
        httpx2.URL(
            scheme=address.scheme, host=ip or address.host, port=address.port, raw_path=address.target.encode("ascii")
        ),
        headers={"Host": address.netloc, **request.headers, "Accept-Encoding": "gzip", "Connection": "close"},
        content=request.body or None,
        extensions=extensions,
    )


def _broken(address: WebAddress, error: Exception, deadline: Deadline) -> FetchError:
    """Return the error for a connection that was made, and then failed."""
    match error:
        case httpx2.ProxyError():
            return FetchError(f"the proxy refused the request to {address}", "check [fetching] proxy")
        case httpx2.TimeoutException():
            return _too_slow(address, deadline)
        case httpx2.LocalProtocolError():
            return FetchError(f"the request to {address} cannot be written", CHECK_ADDRESS)
        case httpx2.RemoteProtocolError():
            return PassingError(address, f"{address} gave no answer in HTTP")
        case _:
            return PassingError(address, f"the connection to {address} broke")


def _too_slow(address: WebAddress, deadline: Deadline) -> FetchError:
    return FetchError(f"{address} took longer than {deadline.seconds:g} s", LATER)


def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Return what TLS trusts: these certificates, or those of the system. Raises FetchError if they cannot be read."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        raise FetchError(
            f"{ca_file} has no certificates in PEM form that can be read", "check [fetching] ca_file"
        ) from None


def _proxy(url: str, trusted: ssl.SSLContext) -> httpx2.Proxy | None:
    if not url:
        return None
    return httpx2.Proxy(url, ssl_context=trusted if url.startswith("https:") else None)
