"""Declare what presets get and return: the state of a source, a client, and the documents that are fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from notifier.fetching.client import NO_VALIDATORS, Response, Validators


class Getter(Protocol):
    """The part of `Client` that presets use."""

    def get(
        self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "", pause: float = 0.0
    ) -> Response:
        """Return the response to a request, at least `pause` seconds after the last one to the same host.

        Raises FetchError if there is no response, or if its status is an error.
        """
        ...


@dataclass(frozen=True)
class Document:
    """One dump that a source has sent.

    `name` is a file name with a suffix. `day` is the listing day if the source tells it, and then the name holds it
    too. A document that was not modified since it was last fetched has no body. If `is_complete` is false, the day may
    still get papers, and is requested again. `stated` is the number of papers of the day according to the source.
    `names_day` says that the request named the day, so that this day can be requested again.
    """

    url: str
    name: str
    body: bytes
    day: date | None
    validators: Validators
    is_not_modified: bool = False
    is_complete: bool = True
    stated: int | None = None
    names_day: bool = False


@dataclass(frozen=True)
class FetchState:
    """The state of a source when it is fetched at `now`.

    `taken_until` is the last day whose papers were ingested completely; None if there is none yet. `validators` holds
    the validators of the documents that were fetched before, by URL.
    """

    now: datetime
    taken_until: date | None
    validators: Mapping[str, Validators] = field(default_factory=dict)

    def validators_of(self, url: str) -> Validators:
        """Return the validators of the document at a URL; they are empty if it was never fetched."""
        return self.validators.get(url, Validators())
