"""Helpers for tests of the API: a client for the application itself, without a server, and tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine
from support.web_site import AT_EIGHT

from notifier.config import Config
from notifier.models import Clock, Scope
from notifier.operations import create_token
from notifier.web import make_app

PAPERS, SUBSCRIBERS = "/api/v1/papers", "/api/v1/subscribers"


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Sends requests to an application, with a token if there is one."""

    application: FastAPI
    token: str = ""
    base: str = "http://127.0.0.1"

    def __call__(self, method: str, path: str, **values: Any) -> httpx.Response:
        """Send a request and return the answer."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self.base) as client:
                return await client.request(method, path, **values)

        given = dict(values.pop("headers", {}))
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        values["headers"] = given
        return asyncio.run(send())

    def get(self, path: str, **values: Any) -> httpx.Response:
        """Send a GET."""
        return self("GET", path, **values)

    def post(self, path: str, **values: Any) -> httpx.Response:
        """Send a POST."""
        return self("POST", path, **values)


def api_client(
    engine: Engine, config: Config, scopes: Collection[Scope] = tuple(Scope), clock: Clock = lambda: AT_EIGHT
) -> ApiClient:
    """Return a client with a new token of these scopes; without scopes, it has no token."""
    secret = create_token(engine, "", scopes, AT_EIGHT).secret if scopes else ""
    return ApiClient(make_app(engine, config, clock), secret)


def with_web(config: Config, **values: Any) -> Config:
    """Return the config with other values in `[web]`."""
    changed = config.model_copy(update={"web": config.web.model_copy(update=values)})
    changed._base = config.base
    return changed
