"""The links of feeds are followed as a browser would follow them, and identifiers are found in every dialect."""

from __future__ import annotations

import pytest

from notifier.models import Listing
from notifier.sources import parse_dump

TITLE = "<title>Forgetful Graphs: Unlearning Edges</title>"
SITE = '<link rel="alternate" href="https://example.org/blog/"/>'
SELF = '<link rel="self" href="https://example.org/feeds/new.atom"/>'
PROXY = '<link rel="self" href="https://feeds.example.net/new"/>'


def atom(link: str, head: str = "", root: str = "") -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {root}><title>New</title>{head}'
        f"<entry>{TITLE}<id>urn:a</id>{link}</entry></feed>"
    )


def rss(item: str, head: str = "", root: str = "") -> str:
    return (
        f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" {root}><channel><title>New</title>{head}'
        f"<item>{TITLE}{item}</item></channel></rss>"
    )


def only(text: str) -> Listing:
    (listing,) = parse_dump(text.encode()).listings
    return listing


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (atom('<link href="/p/18"/>', root='xml:base="https://example.org/a/"'), "https://example.org/p/18"),
        (atom('<link href="p" xml:base="b/"/>', root='xml:base="https://example.org/a/"'), "https://example.org/a/b/p"),
        (atom('<link href="p/18"/>', SELF + SITE), "https://example.org/feeds/p/18"),
        (atom('<link href="/p/18"/>', PROXY + SITE), "https://example.org/p/18"),
        (atom('<link href="p/18"/>', SITE, root='xml:base="/top/"'), "https://example.org/top/p/18"),
        (atom('<link href="?p=18"/>', "<id>https://example.org/feed</id>"), "https://example.org/feed?p=18"),
        (atom('<link href="//example.com/p"/>', SITE), "https://example.com/p"),
        (atom('<link href="//example.com/p"/>'), "https://example.com/p"),
        (atom('<link href="https://example.com/p 18"/>'), "https://example.com/p%2018"),
        (rss("<link>/p/18</link>", "<link>https://example.org/blog/</link>"), "https://example.org/p/18"),
        (rss("<link>\n p/1\n8 </link>", "<link>https://example.org/blog/</link>"), "https://example.org/blog/p/18"),
        (rss("<link>p</link>", '<atom:link rel="self" href="https://example.org/f/x"/>'), "https://example.org/f/p"),
        (rss("<link>p</link>", root='xml:base="https://example.org/a/"'), "https://example.org/a/p"),
        (rss('<guid isPermaLink="true">/p</guid>', "<link>https://example.org</link>"), "https://example.org/p"),
        (rss("<link>//example.com/a b?q=c d</link>"), "https://example.com/a%20b?q=c%20d"),
        (rss("<link>../../up</link>", "<link>https://example.org/a/</link>"), "https://example.org/up"),
    ],
)
def test_a_relative_or_careless_link_is_resolved(text: str, url: str) -> None:
    assert only(text).url == url


@pytest.mark.parametrize("link", ["/p/18", "javascript:alert(1)", "//[bad/p", "mailto:a@example.org"])
def test_a_link_that_leads_nowhere_is_left_out(link: str) -> None:
    assert only(atom(f'<link href="{link}"/>')).url is None


def test_an_rdf_feed_is_its_own_base() -> None:
    text = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel rdf:about="https://example.org/rss"><title>New</title></channel>
<item rdf:about="x">{TITLE}<link>/p/18</link></item></rdf:RDF>"""
    assert only(text).url == "https://example.org/p/18"


@pytest.mark.parametrize(
    "declared",
    [
        *('xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"', 'xmlns:prism="urn:unknown"', ""),
        'xmlns:prism="http://prismstandard.org/namespaces/1.2/basic/"',
        'xmlns:prism="http://www.prismstandard.org/namespaces/basic/3.1/"',
        "xmlns:prism='https://prismstandard.org/namespaces/basic/2.1/'",
    ],
)
def test_a_doi_of_prism_is_read_whatever_its_namespace(declared: str) -> None:
    assert only(rss("<prism:doi>10.1000/xyz</prism:doi>", root=declared)).doi == "10.1000/xyz"


@pytest.mark.parametrize(
    "identifier",
    [
        *("doi:10.1000/xyz", "DOI 10.1000/xyz", "info:doi/10.1000/xyz", "urn:doi:10.1000/xyz"),
        "https://www.doi.org/10.1000/xyz",
    ],
)
def test_a_doi_is_read_in_every_usual_notation(identifier: str) -> None:
    assert only(rss(f"<dc:identifier>{identifier}</dc:identifier>")).doi == "10.1000/xyz"
