"""The help about the query language: each example runs, and says what docs/query-language.md says."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import html5lib
import httpx
import pytest
from support.paths import CHECKOUT
from support.visitors import parsed

from notifier import queries
from notifier.config import Config
from notifier.errors import QueryError
from notifier.topics import catalogue_of, check_topics

DOCUMENT = (CHECKOUT / "docs" / "query-language.md").read_text(encoding="utf-8")


def examples(client: httpx.Client) -> list[str]:
    """Return the queries that the examples run."""
    urls = [urlsplit(url) for url in parsed(client.get("/help/queries")).xpath("//a[@class='query']/@href")]
    assert {url.path for url in urls} == {"/search"}
    return [parse_qs(url.query)["q"][0] for url in urls]


def test_each_example_is_a_query_of_the_language(client: httpx.Client, config: Config) -> None:
    found = examples(client)
    assert len(found) > 20
    for text in found:
        check_topics(queries.parse(text), catalogue_of(config))


def test_each_example_is_in_the_document_of_the_language(client: httpx.Client) -> None:
    for text in examples(client):
        assert f"`{text}`" in DOCUMENT.replace("\\|", "|") or f"'{text}'" in DOCUMENT, text


def test_what_the_page_says_is_refused_is_refused(client: httpx.Client) -> None:
    page = parsed(client.get("/help/queries"))
    refused = page.xpath("//h2[@id='refused']/following-sibling::ul//code/text()")
    assert {"upvotes:many", "*net", "-survey", "NEAR/3", "&&", "!survey"} <= set(refused)
    for text in refused:
        if text != "*":
            with pytest.raises(QueryError):
                queries.parse(text)


def test_every_field_of_the_document_has_an_example(client: httpx.Client) -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| `") and ":` |" in line]
    fields = {name.strip("`") for line in rows for name in line.split("|")[1].split() if name.endswith(":`")}
    assert len(fields) >= 9
    shown = {text.partition(":")[0] + ":" for text in examples(client) if ":" in text}
    assert fields <= shown


def test_the_html_is_valid(client: httpx.Client) -> None:
    html5lib.HTMLParser(strict=True).parse(client.get("/help/queries").text)
