"""What every page needs, made from the config, and the function that renders a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from sqlalchemy import Engine

from notifier.config import Config, secret_key
from notifier.models import Clock
from notifier.templates import environment, render

DEFAULT_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True)
class Site:
    """The store, the templates, the sender of the mails, and the address of the pages.

    `key` signs and checks links. It is None if there is neither a base URL nor a secret key, because then no link was
    ever made. `origin` is the origin of the base URL (RFC 6454) and `root` its path without a final slash; both are
    empty without a base URL. `late_loops` returns the names of the service's loops that have made no round for too
    long.
    """

    engine: Engine
    templates: Environment
    brand: str
    mailbox: str
    key: bytes | None = field(repr=False)
    origin: str
    root: str
    clock: Clock
    late_loops: Callable[[], Sequence[str]]


def site_of(engine: Engine, config: Config, clock: Clock, late_loops: Callable[[], Sequence[str]]) -> Site:
    """Make the site from the config. Raises ConfigError if templates or the secret key are missing."""
    folder = config.mail.templates
    has_links = bool(config.web.base_url) or config.path(config.secret_file).exists()
    return Site(
        engine=engine,
        templates=environment(config.path(folder) if folder else None),
        brand=config.mail.brand,
        mailbox=config.mail.address,
        key=secret_key(config) if has_links else None,
        origin=_origin(config.web.base_url),
        root=urlsplit(config.web.base_url).path,
        clock=clock,
        late_loops=late_loops,
    )


def _origin(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(DEFAULT_PORTS[parts.scheme])}"


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


SiteDependency = Annotated[Site, Depends(_site)]


def page(site: Site, name: str, status: int = 200, **values: object) -> HTMLResponse:
    """Render a template in `web/` with `values` and what all pages share."""
    shared = {"brand": site.brand, "mailbox": site.mailbox, "root": site.root}
    return HTMLResponse(render(site.templates, f"web/{name}.html.j2", **shared, **values), status)
