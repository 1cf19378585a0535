"""Send HTTP requests, without overloading other servers, and only to IP addresses that are allowed.

One request to a host runs at a time, with the pause that the host asks for. A request is repeated if its failure may be
temporary. The URL of each redirect is checked before it is followed. The connection is made to the IP address
that was checked; the name is not resolved again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urljoin

from notifier import __version__
from notifier.config import FetchingConfig
from notifier.errors import FetchError
from notifier.fetching.deadline import Deadline
from notifier.fetching.failures import CHECK_URL, TemporaryError, refusal, unknown_host
from notifier.fetching.http_messages import HttpRequest, HttpResponse, PostAnswer
from notifier.fetching.ip_addresses import Resolve, check_host, checked_addresses, resolve
from notifier.fetching.pacing import TURNS, Sleep
from notifier.fetching.urls import ParsedUrl, check_tls, read_url
from notifier.fetching.waiting import back_off, retry_after
from notifier.models import ServiceAnswer

MAX_REDIRECTS = 5
MAX_REPEATS = 2
# The longest time in seconds that `get` waits before it repeats a request. If the server asks for more, `get` raises
# the error.
MAX_WAIT = 30.0
ANSWER_BYTES = 1 << 16  # read of the answer to `call`; the largest that is of use lists the rooms of a Matrix user
_MAX_VALIDATOR_LENGTH = 500  # characters
_OK, _NOT_MODIFIED, _FIRST_NO_SUCCESS = 200, 304, 300
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Validators:
    """The headers ETag and Last-Modified of a response, unchanged.

    A request that holds them gets no body if the document has not been modified.
    """

    etag: str = ""
    last_modified: str = ""


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Response:
    """The response with a document: its unpacked bytes, or an empty `body` if it has not been modified.

    `url` is the URL after all redirects, and `date` the header Date, as the server wrote it.
    """

    url: str = field(repr=False)
    status: int
    body: bytes = field(repr=False)
    validators: Validators
    not_modified: bool
    date: str = ""


class Client:
    """Makes requests. Use it as a context manager; several threads may share it.

    A request whose failure may be temporary is repeated up to `repeats` times. `resolve_host`, `sleep` and
    `clock` are those of the system, except in tests.
    """

    def __init__(
        self,
        settings: FetchingConfig,
        *,
        repeats: int = MAX_REPEATS,
        resolve_host: Resolve = resolve,
        sleep: Sleep = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        from notifier.fetching.exchange import Exchange  # noqa: PLC0415 - most commands make no request

        self._settings = settings
        self._repeats = repeats
        self._exchange = Exchange(settings)
        self._resolve = resolve_host
        self._sleep = sleep
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._exchange.close()

    def get(
        self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "", pause: float = 0.0
    ) -> Response:
        """Fetch a document, unless it has not been modified since the response that had these validators.

        At least `pause` seconds lie between two requests to a host. Raises FetchError if there is no response, or if
        its status is not 200 or 304. The error's `retry_after` is the time until which the server asks to wait.
        """
        first_url = read_url(url)
        headers = {**self._headers(), "Accept": accept or "*/*"}
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        deadline = Deadline(self._settings.seconds)
        for attempt in range(self._repeats + 1):
            try:
                return self._response(*self._follow(first_url, headers, pause, deadline), validators)
            except TemporaryError as error:
                wait = self._wait(error, attempt)
                if attempt == self._repeats or wait > min(MAX_WAIT, deadline.left):
                    raise
                TURNS.block(error.url, wait)
                self._sleep(wait)
        raise AssertionError("the last attempt has neither returned nor raised")

    def post(self, url: str, form: Sequence[tuple[str, str]]) -> None:
        """Send a form, once. Raises FetchError if it is not accepted; a redirect counts as a refusal."""
        parsed = read_url(url)
        headers = {**self._headers(), "Content-Type": "application/x-www-form-urlencoded"}
        request = HttpRequest("POST", parsed, headers, urlencode(form).encode("ascii"))
        response = self._ask(request, self._allowed_ips(parsed), 0.0, Deadline(self._settings.seconds))
        if not _OK <= response.status < _FIRST_NO_SUCCESS:
            raise self._refusal(parsed, response)

    def post_json(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostAnswer:
        """Send JSON, once, and return the answer, whatever its status is; no redirect is followed.

        The request does not wait for others to the same host: the caller makes one at a time to each URL. Raises
        FetchError if there is no answer.
        """
        parsed = read_url(url)
        all_headers = {**self._headers(), "Content-Type": "application/json", **headers}
        request = HttpRequest("POST", parsed, all_headers, body, wants_body=False)
        response = self._exchange.ask(request, self._allowed_ips(parsed), Deadline(self._settings.seconds))
        return PostAnswer(response.status, retry_after(response.headers, self._clock()))

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> ServiceAnswer:
        """Make a request, once, and return the answer, whatever its status is; no redirect is followed.

        At most ANSWER_BYTES of the answer are read. As in `post_json`, the request does not wait for others to the same
        host. Raises FetchError if there is no answer.
        """
        parsed = read_url(url)
        request = HttpRequest(method, parsed, {**headers, **self._headers()}, body, answer_bytes=ANSWER_BYTES)
        response = self._exchange.ask(request, self._allowed_ips(parsed), Deadline(self._settings.seconds))
        wait = retry_after(response.headers, self._clock())
        return ServiceAnswer(response.status, response.headers, response.body, wait)

    def _follow(
        self, first_url: ParsedUrl, headers: Mapping[str, str], pause: float, deadline: Deadline
    ) -> tuple[ParsedUrl, HttpResponse]:
        """Return the first response that is no redirect, and its URL. Each URL is checked before it is requested."""
        url = first_url
        for _ in range(MAX_REDIRECTS + 1):
            ips = self._allowed_ips(url) if url is first_url else self._allowed_ips_of_redirect(first_url, url)
            response = self._ask(HttpRequest("GET", url, headers), ips, pause, deadline)
            if response.status not in _REDIRECTS:
                return url, response
            url = _redirect_target(first_url, url, response)
        raise FetchError(f"{first_url} redirects more than {MAX_REDIRECTS} times", CHECK_URL)

    def _ask(self, request: HttpRequest, ips: Sequence[str], pause: float, deadline: Deadline) -> HttpResponse:
        """Make one request when no other request to the host runs. The deadline moves by the time spent on waiting."""
        with TURNS.wait_for_turn(request.url, pause, self._sleep) as waited:
            deadline.extend(waited)
            return self._exchange.ask(request, ips, deadline)

    def _allowed_ips(self, url: ParsedUrl) -> Sequence[str]:
        """Return the IP addresses to connect to, after checking them; none if a proxy resolves the name.

        Raises FetchError if one of them is not allowed.
        """
        settings = self._settings
        check_tls(url, settings.allow_http)
        may_be_private = url.host in settings.allow_private
        if settings.proxy.get_secret_value():
            check_host(url, may_be_private)
            return ()
        try:
            return checked_addresses(url, may_be_private, self._resolve)
        except OSError as error:
            raise unknown_host(url, error) from None

    def _allowed_ips_of_redirect(self, first_url: ParsedUrl, url: ParsedUrl) -> Sequence[str]:
        """Return the IP addresses to connect to for the URL to which `first_url` redirects."""
        try:
            return self._allowed_ips(url)
        except TemporaryError:
            raise
        except FetchError as error:
            raise FetchError(f"{first_url} redirects to {url}, but {error.reason}", error.cure) from None

    def _response(self, url: ParsedUrl, response: HttpResponse, sent_validators: Validators) -> Response:
        """Return the response that `get` returns. Raises FetchError unless it is 200 or an expected 304."""
        is_unmodified = response.status == _NOT_MODIFIED and sent_validators != NO_VALIDATORS
        if response.status != _OK and not is_unmodified:
            raise self._refusal(url, response)
        got = Validators(_validator(response, "etag"), _validator(response, "last-modified"))
        return Response(
            url.whole,
            response.status,
            response.body,
            sent_validators if is_unmodified and got == NO_VALIDATORS else got,
            is_unmodified,
            response.headers.get("date", ""),
        )

    def _refusal(self, url: ParsedUrl, response: HttpResponse) -> FetchError:
        return refusal(url, response.status, retry_after(response.headers, self._clock()))

    def _wait(self, error: TemporaryError, attempt: int) -> float:
        """Return the seconds to wait before the next attempt: those of Retry-After, at least those of `back_off`."""
        requested = (error.retry_after - self._clock()).total_seconds() if error.retry_after else 0.0
        return max(requested, back_off(attempt))

    def _headers(self) -> dict[str, str]:
        contact = self._settings.contact
        return {"User-Agent": f"notifier/{__version__} (+{contact})" if contact else f"notifier/{__version__}"}


def _redirect_target(first_url: ParsedUrl, url: ParsedUrl, response: HttpResponse) -> ParsedUrl:
    """Return the URL to which a response redirects. Raises FetchError if it must not be followed."""
    try:
        target = read_url(urljoin(url.whole, response.headers.get("location", "").strip()))
    except (FetchError, ValueError) as error:
        reason = error.reason if isinstance(error, FetchError) else "the URL cannot be read"
        raise FetchError(f"{first_url} redirects to another place, but {reason}", CHECK_URL) from None
    if "location" not in response.headers:
        raise FetchError(f"HTTP {response.status} from {url} has no Location", CHECK_URL)
    if url.scheme == "https" and target.scheme == "http":
        raise FetchError(f"{first_url} redirects to {target}, which is without TLS", CHECK_URL)
    if not target.has_default_port and target.port != first_url.port:
        raise FetchError(
            f"{first_url} redirects to {target}, which has an unusual port", "use that URL if this is intended"
        )
    return target


def _validator(response: HttpResponse, name: str) -> str:
    """Return a header that the next request sends back; empty if it is too long or not printable ASCII."""
    value = response.headers.get(name, "").strip()
    return value if value.isascii() and value.isprintable() and len(value) <= _MAX_VALIDATOR_LENGTH else ""
