"""Declare the keys of `[sources.NAME]`, and the rules that they must satisfy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from notifier.config.table import ConfigTable

Preset = Literal["huggingface", "arxiv", "biorxiv", "medrxiv", "openreview", "feed", "oai", "jsonl"]

MIN_INTERVAL, MAX_INTERVAL = timedelta(minutes=5), timedelta(days=31)
MAX_CATEGORIES = 50
MAX_URL_LENGTH = 1000  # characters

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_EVERY = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_AT = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_URL = re.compile(r"https?://[!-~]++", re.IGNORECASE)
_ARXIV_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)?(?:\.[A-Za-z]{2}|\.[a-z]+(?:-[a-z]+)?)?")
_CATEGORY = re.compile(r"[A-Za-z][A-Za-z ,/()&_-]{0,99}")
_VENUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_OAI_WORD = re.compile(r"[A-Za-z0-9_.!~*'():-]{1,100}")  # what OAI-PMH allows in a set and a prefix

_NEEDS_URL = ("feed", "oai", "jsonl")
_TAKES_CATEGORIES = ("arxiv", "biorxiv", "medrxiv")
_ORIGINS = ("preset", "url", "folder", "glob")


class SourceConfig(ConfigTable):
    """One source: a place from which notifier fetches dumps regularly, and how often it does.

    A source is a preset, a url, a folder or a glob. With the presets `feed`, `oai` and `jsonl`, `url` is needed;
    with the others, it replaces the URL of the service.
    """

    preset: Preset | None = None
    url: str = ""
    folder: Path | None = None
    glob: str = ""
    every: str = ""
    at: str = ""
    categories: tuple[str, ...] = Field(default=(), max_length=MAX_CATEGORIES)
    venue: str = ""
    set: str = ""
    metadata_prefix: str = ""
    pause_seconds: float | None = Field(default=None, ge=0, le=3600)
    compare_with: str = ""

    @property
    def interval(self) -> timedelta | None:
        """The time from one request to the next; None if `every` is not set."""
        found = _EVERY.fullmatch(self.every)
        return int(found[1]) * _UNITS[found[2]] if found else None

    @property
    def time_of_day(self) -> time | None:
        """The time in UTC of the daily request; None if `at` is not set."""
        return time.fromisoformat(self.at) if self.at else None

    @property
    def fingerprint(self) -> str:
        """A hash of all keys of the table, which tells whether it has changed since the source was fetched."""
        keys = self.model_dump(mode="json", exclude_defaults=True)
        return sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()

    @property
    def is_remote(self) -> bool:
        """Whether the source is fetched from a server, and not read from a folder."""
        return self.folder is None and not self.glob

    @field_validator("preset", mode="before")
    @classmethod
    def _check_preset(cls, preset: object) -> object:
        if preset is not None and preset not in get_args(Preset):
            raise ValueError(f"use one of {', '.join(get_args(Preset))}; for any other dump, set url alone")
        return preset

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if url and not (_URL.fullmatch(url) and len(url) <= MAX_URL_LENGTH and _has_host(url)):
            raise ValueError(
                f"write a URL such as https://example.org/papers.rss, of at most {MAX_URL_LENGTH} characters"
            )
        if "@" in urlsplit(url).netloc:
            raise ValueError("leave out the user and the password before the @; they would appear in logs")
        return url

    @field_validator("every")
    @classmethod
    def _check_every(cls, every: str) -> str:
        found = _EVERY.fullmatch(every)
        interval = int(found[1]) * _UNITS[found[2]] if found else timedelta()
        if every and not MIN_INTERVAL <= interval <= MAX_INTERVAL:
            raise ValueError("write a number and a unit, from 5m to 31d, such as 30m, 6h or 1d")
        return every

    @field_validator("at")
    @classmethod
    def _check_at(cls, at: str) -> str:
        if at and not _AT.fullmatch(at):
            raise ValueError("this is not a time of day; write it as HH:MM in UTC, from 00:00 to 23:59")
        return at

    @field_validator("venue")
    @classmethod
    def _check_venue(cls, venue: str) -> str:
        if venue and not _VENUE.fullmatch(venue):
            raise ValueError("write the id of a venue, such as ICLR.cc/2026/Conference")
        return venue

    @field_validator("set", "metadata_prefix")
    @classmethod
    def _check_oai_word(cls, word: str) -> str:
        if word and not _OAI_WORD.fullmatch(word):
            raise ValueError("write it as the archive does, without spaces, such as cs or oai_dc")
        return word

    @model_validator(mode="after")
    def _check_origin(self) -> Self:
        """Return the table. Raises ValueError unless it names exactly one origin of dumps."""
        given = [name for name in _ORIGINS if getattr(self, name)]
        if not given:
            raise ValueError('say where its dumps come from: set preset (such as "huggingface"), url, folder or glob')
        if len(given) > 1 and given != ["preset", "url"]:
            raise ValueError(f"{given[0]} and {given[1]} cannot be set together; make two sources of them")
        if self.every and self.at:
            raise ValueError("every and at cannot be set together; remove one of them")
        return self

    @model_validator(mode="after")
    def _check_keys_of_preset(self) -> Self:
        """Return the table. Raises ValueError if its preset lacks a key, or the table has a key of another preset."""
        if self.preset in _NEEDS_URL and not self.url:
            raise ValueError(f'with preset = "{self.preset}", set url as well')
        if self.preset == "openreview" and not self.venue:
            raise ValueError('with preset = "openreview", set venue, such as "ICLR.cc/2026/Conference"')
        if self.url and self.preset not in (None, *_NEEDS_URL) and "?" in self.url:
            raise ValueError("with this preset, url is the URL of a mirror of the service; remove the ? and the rest")
        if self.venue and self.preset != "openreview":
            raise ValueError('venue needs preset = "openreview"')
        if (self.set or self.metadata_prefix) and self.preset != "oai":
            raise ValueError(f'{"set" if self.set else "metadata_prefix"} needs preset = "oai"')
        if self.pause_seconds is not None and not self.is_remote:
            raise ValueError("pause_seconds is for sources that are fetched; remove it")
        return self

    @model_validator(mode="after")
    def _check_categories(self) -> Self:
        """Return the table. Raises ValueError if categories are missing, not allowed here, or written wrongly."""
        if self.preset == "arxiv" and not self.categories:
            raise ValueError('with preset = "arxiv", set categories, such as ["cs.LG", "cs.CL"]')
        if self.categories and self.preset not in _TAKES_CATEGORIES:
            raise ValueError(f"categories needs one of the presets {', '.join(_TAKES_CATEGORIES)}")
        form, example = (_ARXIV_CATEGORY, "cs.LG") if self.preset == "arxiv" else (_CATEGORY, "neuroscience")
        wrong = next((each for each in self.categories if not form.fullmatch(each)), None)
        if wrong is not None:
            raise ValueError(f"{wrong[:50]!r} is no category; write it like {example!r}")
        return self


def _has_host(url: str) -> bool:
    """Return whether a URL names a host and a port that can exist."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_sources(sources: Mapping[str, SourceConfig], allow_http: Sequence[str]) -> None:
    """Raise ValueError for a source with an invalid name, an unknown `compare_with`, or a URL without TLS.

    `allow_http` holds the hosts to which requests without TLS are allowed. The messages name the source.
    """
    for name, source in sources.items():
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name[:50]!r} is no name of a source; use at most 40 lower-case letters, digits, - and _, as in "
                "[sources.daily]"
            )
        if source.compare_with == name:
            raise ValueError(f"compare_with of {name} names {name} itself; name another source")
        if source.compare_with and source.compare_with not in sources:
            raise ValueError(
                f"compare_with of {name} names {source.compare_with[:50]!r}, but there is no such source; "
                "name another source of this config"
            )
        host = urlsplit(source.url).hostname or ""
        if source.url.lower().startswith("http://") and host not in allow_http:
            raise ValueError(f"the url of {name} has no TLS; use https://, or name {host} in [fetching] allow_http")
