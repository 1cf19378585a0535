"""Ask for the pages at the base URL, as a visitor would, and for the service on this machine."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from notifier.config import Config, is_loopback
from notifier.errors import FetchError
from notifier.fetching import Client, Response
from notifier.operations.doctor.clock import against_server
from notifier.operations.doctor.findings import Area, Finding, fault, ok, skipped, warning
from notifier.operations.doctor.setup import Setup
from notifier.operations.doctor.side_by_side import within

SECONDS = 7.0  # for one request
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
_UNREACHED = "check it from another network: `curl -i {url}`; check the web server in front of it, and its firewall"
_SERVICE = "check that `notifier serve` runs, and that the web server passes requests on to [web] host and port"


def check_pages(setup: Setup) -> Iterator[Finding]:
    """Ask for `/healthz` at the base URL, with the name, the port and the certificate that visitors get."""
    base_url = setup.config.web.base_url
    if not base_url:
        yield skipped(Area.PAGES, "base URL", "[web] base_url is empty")
        return
    host = urlsplit(base_url).hostname or ""
    yield from _place(host, base_url)
    try:
        response = ask(setup.config, f"{base_url}/healthz")
    except FetchError as error:
        yield _failure(base_url, error)
        return
    if told := against_server(setup.now, f"the server of {base_url}", response.date):
        yield told
    if status_of(response) is None:
        what = f"{base_url}/healthz answers, but not as notifier does"
        yield fault(Area.PAGES, base_url, what, "let the web server pass this host and path on to [web] host and port")
    else:
        yield ok(Area.PAGES, base_url, "the pages answer; they were asked from this machine, not from elsewhere")


def _place(host: str, base_url: str) -> Iterator[Finding]:
    """Find a base URL whose host others cannot reach."""
    if is_loopback(host):
        what = "it leads to the machine of whoever opens it, so links in mails work on this machine only"
        yield warning(Area.PAGES, base_url, what, "set [web] base_url to the public URL")
        return
    try:
        found = within(SECONDS, lambda: {str(place[0]) for *_, place in socket.getaddrinfo(host, 443)})
    except (TimeoutError, OSError, UnicodeError):
        return  # the request to the page, which follows, shows what is wrong
    private = [each for each in found if not ip_address(each.partition("%")[0]).is_global]
    if private:
        what = f"its host has the private IP address {private[0]} here, so people elsewhere may not reach it"
        yield warning(Area.PAGES, base_url, what, "if people elsewhere should, correct its A and AAAA records")


def _failure(base_url: str, error: FetchError) -> Finding:
    if error.status is not None:
        return fault(Area.PAGES, base_url, f"it answers {error.status} to /healthz", _SERVICE)
    if "certificate" in error.reason:
        return fault(Area.PAGES, base_url, error.reason, "renew or correct the certificate of the web server")
    if error.reason.startswith("no such host"):
        return fault(Area.PAGES, base_url, error.reason, "add A and AAAA records for it, or correct [web] base_url")
    if error.reason.startswith("the name server"):
        return skipped(Area.PAGES, base_url, f"it could not be asked: {error.reason}")
    what = f"it could not be reached from this machine: {error.reason}"
    return warning(Area.PAGES, base_url, what, _UNREACHED.format(url=f"{base_url}/healthz"))


def ask(config: Config, url: str, seconds: float = SECONDS) -> Response:
    """Ask for one of our own URLs once. Raises FetchError.

    Private addresses are allowed, because the operator has named them in the config, and the request holds no secret.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    settings = config.fetching_settings
    allowed = {"allow_http": (*settings.allow_http, host), "allow_private": (*settings.allow_private, host)}
    with Client(settings.model_copy(update={**allowed, "seconds": seconds}), repeats=0) as client:
        return client.get(url, accept="application/json")


def local_url(config: Config) -> str:
    """Return the URL at which the service listens on this machine."""
    host = _ANY.get(config.web.host, config.web.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{config.web.port}/healthz"


def status_of(response: Response) -> str | None:
    """Return the status that notifier says at /healthz; None if the response is not from notifier."""
    try:
        said = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    status = said.get("status") if isinstance(said, dict) else None
    return status if isinstance(status, str) else None
