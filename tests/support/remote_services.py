"""Simulated services for the presets, with answers in the same form as those of the real services.

Each service is a function from the path of a request, with its query, to an answer. It can be asked in memory, or
served over HTTPS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from notifier.errors import FetchError
from notifier.fetching import Response, Validators

NO_VALIDATORS = Validators()

LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Please sign in</title></head><body>Sign in</body></html>"


@dataclass(frozen=True)
class Answer:
    """What a service answers to a request."""

    body: bytes = b""
    status: int = 200
    etag: str = ""


Service = Callable[[str], Answer]


@dataclass
class InMemory:
    """Ask a service as a client does, without a network, and keep the paths and the pauses of the requests."""

    service: Service
    asked: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def get(
        self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "", pause: float = 0.0
    ) -> Response:
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.asked.append(path)
        self.pauses.append(pause)
        assert accept or parts.path, "each request says what it wants"
        answer = self.service(path)
        if answer.etag and answer.etag == validators.etag:
            return Response(url, 304, b"", validators, True)
        if answer.status != 200:
            raise FetchError(f"{parts.hostname} answered {answer.status}", status=answer.status)
        return Response(url, 200, answer.body, Validators(answer.etag), False)


def query_of(path: str) -> dict[str, str]:
    """Return the parameters of a request."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(path).query).items()}


def daily_entry(number: int, day: date, upvotes: int = 3) -> dict[str, Any]:
    """Return an entry of the daily papers, shaped as the API sends it."""
    paper = {
        "id": f"{day:%y%m}.{number:05}",
        "title": f"Bees and the {number}th Flower",
        "summary": f"We follow bee {number}.",
        "authors": [{"name": "Ann Lee", "hidden": False}],
        "publishedAt": f"{day}T00:00:00.000Z",
        "submittedOnDailyAt": f"{day}T02:10:00.000Z",
        "upvotes": upvotes,
        "discussionId": "65f",
    }
    return {"paper": paper, "publishedAt": f"{day}T01:00:00.000Z", "title": paper["title"], "numComments": 1}


def daily_papers(papers: Callable[[date], int], largest_page: int = 100) -> Service:
    """Return a service with `papers(day)` daily papers on each day, and at most `largest_page` of them on a page."""

    def answer(path: str) -> Answer:
        query = query_of(path)
        day = date.fromisoformat(query["date"])
        size = min(int(query.get("limit", 50)), largest_page)
        first = int(query.get("p", 0)) * size
        numbers = range(papers(day))[first : first + size]
        return Answer(json.dumps([daily_entry(number, day) for number in numbers]).encode())

    return answer


def arxiv_feed(day: date, papers: int, kind: str = "new") -> bytes:
    """Return arXiv's announcement feed of a day."""
    written = f"{day:%a, %d %b %Y} 00:00:00 -0400"
    items = "".join(
        f"""<item><title>Bees and the {number}th Flower</title><link>https://arxiv.org/abs/{day:%y%m}.{number:05}</link>
<description>arXiv:{day:%y%m}.{number:05}v1 Announce Type: {kind}
Abstract: We follow bee {number}.</description><guid isPermaLink="false">oai:arXiv.org:{day:%y%m}.{number:05}v1</guid>
<category>cs.LG</category><pubDate>{written}</pubDate><arxiv:announce_type>{kind}</arxiv:announce_type>
<dc:creator>Ann Lee, Bo Chen</dc:creator></item>"""
        for number in range(papers)
    )
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>
<title>cs.LG updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.LG</link><description>.</description>
<lastBuildDate>{day:%a, %d %b %Y} 04:00:01 +0000</lastBuildDate><pubDate>{written}</pubDate>
<skipDays><day>Sunday</day><day>Saturday</day></skipDays>{items}</channel></rss>""".encode()


def arxiv_listing(day: date, papers: Sequence[str], total: int | None = None) -> bytes:
    """Return a listing page of arXiv, which says that it has `total` entries, or as many as it shows."""
    shown = "".join(f'<dt><a href ="/abs/{each}" title="Abstract" id="{each}">arXiv:{each}</a></dt>' for each in papers)
    return f"""<!DOCTYPE html><html><body><h1>Machine Learning</h1>
<h3>Showing new listings for {day:%A}, {day.day} {day:%B} {day.year}</h3>
<div>Total of {total or len(papers)} entries</div><dl id='articles'>{shown}</dl></body></html>""".encode()


def atom_page(entries: Sequence[str], total: int, start: int) -> bytes:
    """Return a page of arXiv's API with these entries."""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"
 xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/x</id><title>arXiv Query: search_query=cat:cs.LG</title>
<updated>2026-04-12T22:10:07Z</updated><opensearch:itemsPerPage>{len(entries)}</opensearch:itemsPerPage>
<opensearch:totalResults>{total}</opensearch:totalResults><opensearch:startIndex>{start}</opensearch:startIndex>
{"".join(entries)}</feed>""".encode()


def atom_entry(number: int) -> str:
    """Return an entry of arXiv's API."""
    return f"""<entry><id>http://arxiv.org/abs/2604.{number:05}v1</id><title>Bees and the {number}th Flower</title>
<updated>2026-04-11T02:45:22Z</updated><published>2026-04-11T02:45:22Z</published>
<summary>We follow bee {number}.</summary>
<link href="https://arxiv.org/abs/2604.{number:05}v1" rel="alternate" type="text/html"/><category term="cs.LG"/>
<author><name>Ann Lee</name></author></entry>"""


ARXIV_ERROR = b"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/</id>
<title>arXiv Search Results</title><updated>2026-04-12T22:59:06Z</updated>
<opensearch:totalResults>1</opensearch:totalResults><opensearch:startIndex>0</opensearch:startIndex>
<entry><id>https://arxiv.org/api/errors#rate</id><title>Error</title><updated>2026-04-12T22:59:06Z</updated>
<summary>the query is too long</summary><author><name>arXiv api core</name></author></entry></feed>"""


def arxiv_api(papers: int, faults: Callable[[int], Answer | None] = lambda _: None) -> Service:
    """Return arXiv's API with so many papers in each window; `faults(n)` is the answer to the nth request, if any."""
    requests = [0]

    def answer(path: str) -> Answer:
        requests[0] += 1
        if fault := faults(requests[0]):
            return fault
        query = query_of(path)
        start, size = int(query["start"]), int(query["max_results"])
        entries = [atom_entry(number) for number in range(papers)[start : start + size]]
        return Answer(atom_page(entries, papers, start))

    return answer


def preprint(number: int, day: date, version: int = 1, category: str = "cell biology") -> dict[str, str]:
    """Return a record of the API of bioRxiv."""
    return {
        "title": f"Bees and the {number}th Flower",
        "authors": "Lee, A. B.; Chen, B.",
        "author_corresponding": "Ann B Lee",
        "author_corresponding_institution": "Hive University",
        "doi": f"10.1101/2026.04.01.{number:06}",
        "date": str(day),
        "version": str(version),
        "type": "new results",
        "license": "cc_by",
        "category": category,
        "jatsxml": f"https://www.biorxiv.org/content/early/2026/04/01/{number}.source.xml",
        "abstract": f"We follow bee {number}.",
        "published": "NA",
        "server": "bioRxiv",
    }


def preprints(records: Callable[[date], list[dict[str, str]]], size: int = 100, surplus: int = 0) -> Service:
    """Return the API of bioRxiv with pages of `size` records; it counts `surplus` records that it does not send."""

    def answer(path: str) -> Answer:
        _, _, _, first, _, cursor, _ = path.split("/")
        day, start = date.fromisoformat(first), int(cursor)
        every = records(day)
        page, total = every[start : start + size], len(every) + surplus
        if not page:
            return Answer(b'{"messages": [{"status": "no posts found"}], "collection": []}')
        message = {"status": "ok", "interval": f"{day}/{day}", "cursor": start, "count": len(page), "total": str(total)}
        return Answer(json.dumps({"messages": [message], "collection": page}).encode())

    return answer


def note(number: int) -> dict[str, object]:
    """Return a note of OpenReview, in version 2 of its API."""
    content = {
        "title": {"value": f"Bees and the {number}th Flower"},
        "abstract": {"value": f"We follow bee {number}."},
        "authors": {"value": ["Ann Lee", "Bo Chen"]},
        "keywords": {"value": ["bees"]},
        "venueid": {"value": "Bees.cc/2026/Conference"},
    }
    identifier = f"note{number:04}"
    return {"id": identifier, "forum": identifier, "cdate": 1760000000000 + number, "content": content}


def notes(number: int, largest_page: int = 1000, *, tells_count: bool = True) -> Service:
    """Return the API of OpenReview with so many notes at each venue."""

    def answer(path: str) -> Answer:
        query = query_of(path)
        start, size = int(query["offset"]), min(int(query["limit"]), largest_page)
        page: dict[str, object] = {"notes": [note(each) for each in range(number)[start : start + size]]}
        return Answer(json.dumps({**page, "count": number} if tells_count else page).encode())

    return answer


def oai_page(content: str) -> bytes:
    """Return a page of an OAI-PMH repository."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-04-30T00:35:38Z</responseDate>
<request verb="ListRecords">https://oai.example.org/oai</request>{content}</OAI-PMH>""".encode()


def oai_record(number: int, day: date) -> str:
    """Return a record of an OAI-PMH repository in Dublin Core."""
    return f"""<record><header><identifier>oai:example.org:{number}</identifier><datestamp>{day}</datestamp></header>
<metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Bees and the {number}th Flower</dc:title><dc:creator>Lee, Ann</dc:creator>
<dc:description>We follow bee {number}.</dc:description><dc:date>{day}</dc:date>
<dc:identifier>https://example.org/{number}</dc:identifier></oai_dc:dc></metadata></record>"""


def oai_error(code: str, text: str = "") -> bytes:
    """Return an error message of an OAI-PMH repository."""
    return oai_page(f'<error code="{code}">{escape(text)}</error>')


def oai_repository(
    records: Callable[[date], int], size: int = 100, expired: Callable[[int], bool] = lambda _: False
) -> Service:
    """Return a repository with `records(day)` records on a day; its nth resumption token is refused if `expired(n)`."""
    resumed = [0]

    def answer(path: str) -> Answer:
        query = query_of(path)
        token = query.get("resumptionToken")
        if token is not None:
            resumed[0] += 1
            if expired(resumed[0]):
                return Answer(oai_error("badResumptionToken", "The token has expired"))
        day, _, start = (token or f"{query['from']}|0").partition("|")
        assert token or query["from"] == query["until"]
        every = range(records(date.fromisoformat(day)))
        page = every[int(start) : int(start) + size]
        if not page:
            return Answer(oai_error("noRecordsMatch"))
        following = f"{day}|{page[-1] + 1}" if page[-1] + 1 < len(every) else ""
        content = "".join(oai_record(number, date.fromisoformat(day)) for number in page)
        ending = f'<resumptionToken cursor="{start}">{following}</resumptionToken>' if len(every) > size else ""
        return Answer(oai_page(f"<ListRecords>{content}{ending}</ListRecords>"))

    return answer
