"""Let Apprise make its requests through a function of the caller, and keep what the service answered.

Apprise's `send` says only whether it succeeded: not the status, nor when to try again. Its classes make their requests
with the module `requests`, each by `requests.post(...)` and its like. So the name `requests` in the module of such a
class is replaced, once, by an object that has the same functions. They use a session whose only adapter calls the
function that `answers_kept` was given. So no socket is opened here, no proxy is taken from the environment, and no
redirect is followed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from notifier.errors import FetchError, NotifierError
from notifier.models import ServiceAnswer

# Makes a request with a method, a URL, headers and a body. Raises NotifierError if there is no answer.
MakeRequest = Callable[[str, str, Mapping[str, str], bytes], ServiceAnswer]

MOST_REQUESTS = 10  # for one message; Matrix takes five
SHORTEST_SECRET = 6  # characters of a part of a URL that is not shown
_PARTS = re.compile(r"[/?&=]")
_TOO_MANY, _SERVER_ERROR = 429, 500
_ENDS = {401, 403, 410, _TOO_MANY}
_LEFT_OUT = {"accept-encoding", "connection", "content-length", "host"}  # the caller's function sets them

_session: ContextVar[requests.Session] = ContextVar("channel_session")


class KeptAnswers(BaseAdapter):
    """Makes requests by the caller's function, and keeps the last answer, or why there was none.

    After an answer that ends the attempt, no further request is made: Apprise would wait and repeat the request, or, if
    a login or a room is refused, try to register a user or to make a room.
    """

    def __init__(self, make_request: MakeRequest, secrets: set[str]) -> None:
        super().__init__()
        self.last: ServiceAnswer | None = None
        self.failure: NotifierError | None = None
        self.may_have_arrived = False
        self._secrets = secrets
        self._make_request = make_request
        self._left = MOST_REQUESTS
        self._has_ended = False

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """Make a request. Raises RequestException if there is no answer, or if the attempt has ended."""
        if self._has_ended or not self._left:
            raise requests.ConnectionError("the attempt has ended")
        self._left -= 1
        self._secrets.update(_possible_secrets(request))
        headers = {name: str(value) for name, value in request.headers.items() if name.lower() not in _LEFT_OUT}
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        assert isinstance(body, bytes), "Apprise sends files only if it is given some"
        try:
            answer = self._make_request(str(request.method), str(request.url), headers, body)
        except NotifierError as failure:
            self.failure, self._has_ended = failure, True
            # A GET only asks; any other request may be the message.
            self.may_have_arrived = (
                isinstance(failure, FetchError) and failure.may_have_arrived and request.method != "GET"
            )
            raise requests.ConnectionError("no answer") from None
        self.last = answer
        is_refused = answer.status == 404 and request.method != "GET"  # a GET may ask whether something is there
        self._has_ended = answer.status in _ENDS or answer.status >= _SERVER_ERROR or is_refused
        return _response(request, answer)

    def without_secrets(self, text: str) -> str:
        """Return a text without what the channel's URL holds, and without any part of the requests' URLs.

        A server may quote its request in its answer.
        """
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def close(self) -> None:
        """Do nothing: no connection is kept."""


@contextmanager
def answers_kept(plugin: Any, make_request: MakeRequest) -> Iterator[KeptAnswers]:
    """Let the requests of one of Apprise's objects, in this context, be made by `make_request`."""
    for each in type(plugin).__mro__:
        module = sys.modules[each.__module__]
        if getattr(module, "requests", None) is requests:
            module.requests = _REPLACEMENT  # type: ignore[attr-defined]
    kept = KeptAnswers(make_request, {text for text in _texts_in(vars(plugin)) if len(text) >= SHORTEST_SECRET})
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", kept)
        session.mount("http://", kept)
        token = _session.set(session)
        try:
            yield kept
        finally:
            _session.reset(token)


class _Replacement:
    """Has the names of the module `requests`; its functions use the session of `answers_kept`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        for name in ("verify", "timeout", "proxies", "cert", "stream", "allow_redirects"):
            options.pop(name, None)
        return _session.get().request(method, url, allow_redirects=False, **options)

    def get(self, url: str, **options: Any) -> requests.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> requests.Response:
        return self.request("PUT", url, **options)

    def delete(self, url: str, **options: Any) -> requests.Response:
        return self.request("DELETE", url, **options)


_REPLACEMENT = _Replacement()


def _texts_in(value: object) -> Iterator[str]:
    """Yield all texts in a value, and in the collections that it holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts_in(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _texts_in(each)


def _possible_secrets(request: requests.PreparedRequest) -> set[str]:
    """Return the parts of the path, the query and the header Authorization, as they were sent and unquoted."""
    _, _, target = str(request.url).partition("://")[2].partition("/")
    parts = {*_PARTS.split(target), *str(request.headers.get("Authorization", "")).split()}
    return {each for part in parts for each in (part, unquote(part)) if len(each) >= SHORTEST_SECRET}


def _response(request: requests.PreparedRequest, answer: ServiceAnswer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.headers.pop("content-encoding", None)  # the body is unpacked
    response.request, response.url = request, str(request.url)
    response._content = answer.body
    response._content_consumed = True
    return response
