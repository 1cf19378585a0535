"""A document of a source, and what is known when a source is asked for its documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from notifier.fetching.client import NO_VALIDATORS, Reply, Validators


class Getter(Protocol):
    """What a source needs of a client."""

    def get(self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "", pause: float = 0.0) -> Reply:
        """Return the reply to a request, at least `pause` seconds after the last one to the same host.

        Raises FetchError if the server does not answer, or not with success.
        """
        ...


@dataclass(frozen=True)
class Document:
    """One dump that a source has sent.

    `name` is a file name with a suffix; if the source tells the listing day, `day` is that day and the name has it too.
    A document that was not modified since it was last taken has no body. A day that is not complete may still grow, and
    is asked for again. `told` is the number of papers that the source itself says the day has.
    """

    url: str
    name: str
    body: bytes
    day: date | None
    validators: Validators
    is_not_modified: bool = False
    is_complete: bool = True
    told: int | None = None


@dataclass(frozen=True)
class Asked:
    """What is known when a source is asked for its documents.

    `taken_until` is the last day that was taken completely; None if there is none yet. `validators` holds those of the
    documents that were taken before, by URL.
    """

    now: datetime
    is_first: bool
    taken_until: date | None
    validators: Mapping[str, Validators] = field(default_factory=dict)

    def validators_of(self, url: str) -> Validators:
        """Return the validators of the document at a URL, which are empty if it was never taken."""
        return self.validators.get(url, Validators())
