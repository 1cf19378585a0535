"""Let a request in: by the scopes of its token, or without a token where the config opens the API to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request

from notifier.models import AccessToken, Scope
from notifier.operations import find_token
from notifier.subscribers.limiting import network_of
from notifier.web.api.allowances import BY_NETWORK, BY_TOKEN, Allowance
from notifier.web.api.problems import ProblemError
from notifier.web.clients import client_address
from notifier.web.site import Site

PUBLIC_SCOPES = (Scope.READ_PAPERS,)  # what `[web] public_api` opens
SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request: the token, or None if there is none, and how many more requests are allowed."""

    token: AccessToken | None
    allowance: Allowance


def admit(request: Request, scope: Scope) -> Caller:
    """Return the caller of a request that needs this scope, and count the request.

    Raises ProblemError with 429 if the caller has made too many requests, with 401 if the request has no valid token,
    and with 403 if the token lacks the scope.
    """
    site: Site = request.app.state.site
    sent = request.headers.getlist("authorization")
    token = find_token(site.engine, _secret(sent), site.clock()) if sent else None
    allowance = _use(request, site, token)
    if not allowance.is_allowed:
        detail = f"More than {allowance.most:,} requests came in an hour; try again in {allowance.seconds} seconds."
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, detail, allowance.headers)
    caller = Caller(token, allowance)
    if token is None and (sent or not is_public(site, scope)):
        raise _unauthorized(allowance, is_sent=bool(sent))
    if token is not None and scope not in token.scopes:
        raise forbidden(caller, scope)
    return caller


def forbidden(caller: Caller, scope: Scope) -> ProblemError:
    """Return the error that the caller's token lacks this scope."""
    asked = f'Bearer error="insufficient_scope", scope="{scope}"'
    detail = f"This needs a token with the scope {scope}; the operator can create one."
    return ProblemError(HTTPStatus.FORBIDDEN, detail, {"WWW-Authenticate": asked, **caller.allowance.headers})


def is_public(site: Site, scope: Scope) -> bool:
    """Return whether operations that need this scope need no token."""
    return site.config.web.public_api and scope in PUBLIC_SCOPES


def _use(request: Request, site: Site, token: AccessToken | None) -> Allowance:
    if token:
        client, most = f"token {token.id}", BY_TOKEN
    else:  # clients whose network is not known share one limit
        client, most = f"network {network_of(client_address(site, request) or 'unknown')}", BY_NETWORK
    allowance: Allowance = request.app.state.allowances.use(site.engine, client, most, site.clock())
    return allowance


def _secret(sent: list[str]) -> str:
    """Return the secret of the Authorization header; empty if it is not a Bearer token, or if there are several."""
    scheme, _, secret = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
    return secret.strip() if scheme.lower() == SCHEME else ""


def _unauthorized(allowance: Allowance, *, is_sent: bool) -> ProblemError:
    detail = (
        "This token is not valid; it may have been revoked."
        if is_sent
        else "This needs a token, in a header `Authorization: Bearer TOKEN`; the operator can create one."
    )
    asked = 'Bearer error="invalid_token"' if is_sent else "Bearer"
    return ProblemError(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": asked, **allowance.headers})
