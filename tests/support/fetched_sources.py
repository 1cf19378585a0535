"""Sources on a loopback https server, a config that fetches them, and a subscriber who gets their papers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from zlib import crc32

from sqlalchemy import Engine
from support.https_service import AUTHORITY, Answer, Asked, HttpsService
from support.planned_papers import digests_of, plan_and_accept

from notifier.config import Config
from notifier.models import SourceHistory
from notifier.pipeline import SourceReport, fetch
from notifier.store import sources
from notifier.store.engine import reading

FETCHING = {"ca_file": str(AUTHORITY), "allow_private": ["localhost"]}


@dataclass
class DailyService:
    """A service with daily papers, by day; a test may change the days, and set an answer to everything."""

    days: dict[date, list[str]] = field(default_factory=dict)
    answer: Answer | None = None
    has_etags: bool = False

    def __call__(self, asked: Asked) -> Answer:
        if self.answer is not None:
            return self.answer
        day = date.fromisoformat(parse_qs(asked.query)["date"][0])
        body = json.dumps([daily_entry(day, title) for title in self.days.get(day, [])]).encode()
        if not self.has_etags:
            return Answer(body)
        etag = f'"{abs(hash(body)):x}"'
        return (
            Answer(status=304) if asked.headers.get("if-none-match") == etag else Answer(body, headers={"ETag": etag})
        )


def daily_entry(day: date, title: str) -> dict[str, Any]:
    """Return an entry of the daily papers, shaped as the API sends it."""
    number = crc32(title.encode()) % 100_000
    paper = {
        "id": f"{day:%y%m}.{number:05}",
        "title": title,
        "summary": f"About {title}.",
        "submittedOnDailyAt": f"{day}T02:10:00.000Z",
        "publishedAt": f"{day}T00:00:00.000Z",
        "upvotes": 3,
    }
    return {"paper": paper, "publishedAt": f"{day}T01:00:00.000Z", "title": title, "numComments": 0}


def json_lines(*titles: str) -> bytes:
    """Return a dump of JSON lines with these titles."""
    lines = (json.dumps({"title": title, "abstract": f"About {title}."}) for title in titles)
    return "".join(f"{line}\n" for line in lines).encode()


def config_with(folder: Path, tables: Mapping[str, Mapping[str, Any]], **fetching: Any) -> Config:
    """Return a config in `folder` with these sources, which may be on the loopback server."""
    return Config.model_validate({"sources": tables, "fetching": {**FETCHING, **fetching}}).located_in(folder)


def write_config(folder: Path, service: HttpsService, **tables: Mapping[str, Any]) -> None:
    """Write a config.toml with these sources; a `url` that begins with a slash is a path at the server."""
    lines = [f"[fetching]\nca_file = {json.dumps(str(AUTHORITY))}\nallow_private = ['localhost']\n"]
    for name, table in tables.items():
        lines.append(f"[sources.{name}]\n")
        for key, value in table.items():
            is_path = isinstance(value, str) and value.startswith("/")
            lines.append(f"{key} = {json.dumps(service.url(value) if is_path and key == 'url' else value)}\n")
    with (folder / "config.toml").open("a", encoding="utf-8") as file:
        file.write("".join(lines))


def fetch_at(engine: Engine, config: Config, now: datetime, *names: str) -> SourceReport | None:
    """Fetch at this time, and return the report of the only source; None if it was not due."""
    reports = fetch(engine, config, lambda: now, names)
    assert len(reports) <= 1
    return reports[0] if reports else None


def news_of(engine: Engine, config: Config, now: datetime, email: str) -> list[str]:
    """Plan at this time, and return the titles in the digests that this adds for a subscriber."""
    before = len(digests_of(engine, email))
    plan_and_accept(engine, config, now)
    new = digests_of(engine, email)[before:]
    return sorted(title for _, titles in new for title in titles)


def history_of(engine: Engine, name: str) -> SourceHistory:
    """Return what is stored of a source's past."""
    with reading(engine) as connection:
        return sources.history(connection, name)


def kept_in(folder: Path, name: str) -> list[str]:
    """Return the names of the documents of a source that are kept."""
    return sorted(path.name for path in (folder / "var" / "fetched" / name).glob("*"))


def titles_on(day: date, count: int = 2) -> list[str]:
    """Return distinct titles for a day."""
    return [f"How Bees Fly on the {day.day}th, Part {number} of {day:%B}" for number in range(1, count + 1)]


def each_day(first: date, count: int) -> Sequence[date]:
    """Return consecutive days."""
    return [first + timedelta(days=number) for number in range(count)]
