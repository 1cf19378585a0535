"""The HTTP client: polite to other servers, and careful about where a web address leads.

It asks one host at a time, waits as the host wants it, repeats what may pass, and follows redirects after looking at
each of them. The connection is made to the very IP address that was checked.
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
from notifier.fetching.addresses import Resolve, check_written_address, checked_addresses, resolve
from notifier.fetching.deadline import Deadline
from notifier.fetching.failures import CHECK_ADDRESS, PassingError, refusal, unknown_host
from notifier.fetching.pacing import TURNS, Sleep
from notifier.fetching.requests import Answer, Request
from notifier.fetching.waiting import back_off, retry_after
from notifier.fetching.web_address import WebAddress, read_url

MOST_REDIRECTS = 5
MOST_REPEATS = 2
LONGEST_WAIT = 30.0  # seconds that are waited before a request is repeated; longer waits are the caller's
_LONGEST_VALIDATOR = 500  # characters
_OK, _NOT_MODIFIED, _FIRST_NO_SUCCESS = 200, 304, 300
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said about the version of a document, as it said it; with it, an unchanged document is not sent."""

    etag: str = ""
    last_modified: str = ""


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Reply:
    """A document, unpacked; `body` is empty if it has not been modified. `url` is where the redirects led."""

    url: str = field(repr=False)
    status: int
    body: bytes = field(repr=False)
    content_type: str
    validators: Validators
    not_modified: bool


class Client:
    """Makes requests. Use it as a context manager; several threads may share it.

    `ask_for_addresses`, `sleep` and `clock` are those of the system, except in tests.
    """

    def __init__(
        self,
        settings: FetchingConfig,
        *,
        ask_for_addresses: Resolve = resolve,
        sleep: Sleep = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        from notifier.fetching.exchange import Exchange  # noqa: PLC0415 - most commands make no request

        self._settings = settings
        self._exchange = Exchange(settings)
        self._resolve = ask_for_addresses
        self._sleep = sleep
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._exchange.close()

    def get(self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "", pause: float = 0.0) -> Reply:
        """Fetch a document, or learn that it has not been modified since the reply that had these validators.

        At least `pause` seconds lie between two requests to a host. Raises FetchError if nothing came, or something
        else than the document; its `retry_after` says if the server wants no request before some time.
        """
        first = read_url(url)
        headers = {**self._headers(), "Accept": accept or "*/*"}
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        deadline = Deadline(self._settings.seconds)
        for attempt in range(MOST_REPEATS + 1):
            try:
                return self._reply(*self._follow(first, headers, pause, deadline), validators)
            except PassingError as error:
                wait = self._wait(error, attempt)
                if attempt == MOST_REPEATS or wait > min(LONGEST_WAIT, deadline.left):
                    raise
                TURNS.rest(error.address, wait)
                self._sleep(wait)
        raise AssertionError("the last attempt has neither returned nor raised")

    def post(self, url: str, form: Sequence[tuple[str, str]]) -> None:
        """Send a form, once. Raises FetchError if it is not accepted; a redirect counts as a refusal."""
        address = read_url(url)
        headers = {**self._headers(), "Content-Type": "application/x-www-form-urlencoded"}
        request = Request("POST", address, headers, urlencode(form).encode("ascii"))
        answer = self._ask(request, self._permitted(address), 0.0, Deadline(self._settings.seconds))
        if not _OK <= answer.status < _FIRST_NO_SUCCESS:
            raise self._refusal(address, answer)

    def _follow(
        self, first: WebAddress, headers: Mapping[str, str], pause: float, deadline: Deadline
    ) -> tuple[WebAddress, Answer]:
        """Return the first reply that is no redirect, and its address. Each address is checked before it is asked."""
        address = first
        for _ in range(MOST_REDIRECTS + 1):
            ips = self._permitted(address) if address is first else self._permitted_redirect(first, address)
            answer = self._ask(Request("GET", address, headers), ips, pause, deadline)
            if answer.status not in _REDIRECTS:
                return address, answer
            address = _redirected(first, address, answer)
        raise FetchError(f"{first} redirects more than {MOST_REDIRECTS} times", CHECK_ADDRESS)

    def _ask(self, request: Request, ips: Sequence[str], pause: float, deadline: Deadline) -> Answer:
        """Make one request when it is its turn. The time cap does not count the wait for the turn."""
        with TURNS.of(request.address, pause, self._sleep) as waited:
            deadline.extend(waited)
            return self._exchange.ask(request, ips, deadline)

    def _permitted(self, address: WebAddress) -> Sequence[str]:
        """Return the IP addresses that may be asked; none if a proxy finds them. Raises FetchError if none may be."""
        settings = self._settings
        if address.scheme == "http" and address.host not in settings.allow_http:
            raise FetchError(
                f"{address} is without TLS",
                "write https://, or name its host in [fetching] allow_http if it has no TLS",
            )
        may_be_private = address.host in settings.allow_private
        if settings.proxy.get_secret_value():
            check_written_address(address, may_be_private)
            return ()
        try:
            return checked_addresses(address, may_be_private, self._resolve)
        except OSError as error:
            raise unknown_host(address, error) from None

    def _permitted_redirect(self, first: WebAddress, address: WebAddress) -> Sequence[str]:
        """Return the IP addresses that may be asked at the address to which `first` redirects."""
        try:
            return self._permitted(address)
        except PassingError:
            raise
        except FetchError as error:
            raise FetchError(f"{first} redirects to {address}, but {error.reason}", error.cure) from None

    def _reply(self, address: WebAddress, answer: Answer, sent: Validators) -> Reply:
        """Return the reply to the caller. Raises FetchError if the answer is not what was asked for."""
        is_unmodified = answer.status == _NOT_MODIFIED and sent != NO_VALIDATORS
        if answer.status != _OK and not is_unmodified:
            raise self._refusal(address, answer)
        got = Validators(_validator(answer, "etag"), _validator(answer, "last-modified"))
        return Reply(
            address.url,
            answer.status,
            answer.body,
            answer.headers.get("content-type", ""),
            sent if is_unmodified and got == NO_VALIDATORS else got,
            is_unmodified,
        )

    def _refusal(self, address: WebAddress, answer: Answer) -> FetchError:
        return refusal(address, answer.status, retry_after(answer.headers, self._clock()))

    def _wait(self, error: PassingError, attempt: int) -> float:
        """Return the seconds to wait before the next attempt: as the server says, but at least as back-off asks."""
        asked = (error.retry_after - self._clock()).total_seconds() if error.retry_after else 0.0
        return max(asked, back_off(attempt))

    def _headers(self) -> dict[str, str]:
        contact = self._settings.contact
        return {"User-Agent": f"notifier/{__version__} (+{contact})" if contact else f"notifier/{__version__}"}


def _redirected(first: WebAddress, address: WebAddress, answer: Answer) -> WebAddress:
    """Return the address to which an answer redirects. Raises FetchError if it must not be followed."""
    try:
        target = read_url(urljoin(address.url, answer.headers.get("location", "").strip()))
    except (FetchError, ValueError) as error:
        reason = error.reason if isinstance(error, FetchError) else "the web address cannot be read"
        raise FetchError(f"{first} redirects to another place, but {reason}", CHECK_ADDRESS) from None
    if "location" not in answer.headers:
        raise FetchError(f"HTTP {answer.status} from {address}, which does not say where to", CHECK_ADDRESS)
    if address.scheme == "https" and target.scheme == "http":
        raise FetchError(f"{first} redirects to {target}, which is without TLS", CHECK_ADDRESS)
    if not target.has_usual_port and target.port != first.port:
        raise FetchError(f"{first} redirects to {target}, which has an unusual port", "use that address if it is meant")
    return target


def _validator(answer: Answer, name: str) -> str:
    """Return a header that is sent back with the next request; empty if it is no plain text of a fitting length."""
    value = answer.headers.get(name, "").strip()
    return value if value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALIDATOR else ""
