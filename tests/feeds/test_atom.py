"""Atom 1.0, held against RFC 4287: its schema, and what the schema cannot say."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.feed_samples import (
    ONLINE,
    PUBLISHER,
    SAMPLES,
    SHOWN,
    atom_schema,
    entry,
    feed,
    xml,
)

from notifier.feeds import Feed, Publisher, atom
from notifier.feeds.feed import plain

ATOM = {"atom": "http://www.w3.org/2005/Atom"}
SCHEMA = atom_schema()


def written(sample: Feed, publisher: Publisher = PUBLISHER) -> etree._Element:
    """The feed's root, once it is known to be valid."""
    root = xml(atom(sample, publisher))
    SCHEMA.assertValid(root)
    assert root.xpath("atom:author", namespaces=ATOM), "RFC 4287, 4.1.1: a feed needs an author if an entry has none"
    for each in root.iterfind("atom:entry", ATOM):
        alternate = each.xpath("atom:link[not(@rel) or @rel='alternate']", namespaces=ATOM)
        assert alternate or each.find("atom:content", ATOM) is not None, "4.1.2: a link, or content"
        assert len(alternate) <= 1
    for found in root.iterfind(".//atom:id", ATOM):
        assert urlsplit(found.text or "").scheme, "4.2.6: an id is an absolute IRI"
    return root


def texts(root: etree._Element, path: str) -> list[str]:
    return [found.text or "" for found in root.iterfind(path, ATOM)]


@pytest.mark.parametrize("publisher", [PUBLISHER, ONLINE])
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_feed_is_valid(sample: Feed, publisher: Publisher) -> None:
    root = written(sample, publisher)
    assert len(texts(root, "atom:entry/atom:id")) == len(sample.entries)


@pytest.mark.parametrize("element", ["id", "title", "updated"])
def test_the_schema_refuses_what_the_rfc_does(element: str) -> None:
    root = written(feed(entry()))
    found = root.find(f"atom:entry/atom:{element}", ATOM)
    assert found is not None
    found.tag = "{http://www.w3.org/2005/Atom}unknown"
    assert not SCHEMA.validate(root)


def test_an_entry_says_what_is_known_of_its_paper() -> None:
    root = written(feed(entry()))
    assert texts(root, "atom:entry/atom:title") == ["Low-Bit Quantization for Everyone"]
    assert texts(root, "atom:entry/atom:content") == ["We show that quantization to four bits is enough."]
    assert texts(root, "atom:entry/atom:author/atom:name") == ["Ada Lovelace", "Alan Turing"]
    assert texts(root, "atom:entry/atom:published") == ["2026-07-06T04:30:15+00:00"]
    assert texts(root, "atom:entry/atom:updated") == ["2026-07-06T04:30:15+00:00"]
    assert root.xpath("atom:entry/atom:link/@href", namespaces=ATOM) == ["https://arxiv.org/abs/2607.00001"]
    terms = root.xpath("atom:entry/atom:category/@term", namespaces=ATOM)
    assert terms == ["cs.LG", "cs.AI", "language-models", "quantization"]


def test_the_feed_itself_says_who_publishes_it_and_when_it_changed() -> None:
    root = written(feed(entry()))
    assert texts(root, "atom:title") == ["Quantization"]
    assert texts(root, "atom:subtitle") == ["Fewer bits."]
    assert texts(root, "atom:author/atom:name") == ["Daily Papers"]
    assert texts(root, "atom:updated") == ["2026-07-06T04:30:15+00:00"]
    assert texts(root, "atom:generator") == ["notifier"]
    assert root.xpath("@xml:lang") == ["en"]


def test_entries_stand_in_the_order_that_they_are_given_in() -> None:
    root = written(feed(entry(3), entry(1), entry(2)))
    assert root.xpath("atom:entry/atom:link/@href", namespaces=ATOM) == [
        f"https://arxiv.org/abs/2607.0000{number}" for number in (3, 1, 2)
    ]


def test_without_a_web_site_a_feed_links_to_nothing_of_its_own() -> None:
    assert written(feed(entry())).findall("atom:link", ATOM) == []


def test_with_a_web_site_a_feed_links_to_itself_and_to_its_page() -> None:
    links = written(feed(entry()), ONLINE).findall("atom:link", ATOM)
    assert {link.get("rel"): link.get("href") for link in links} == {
        "self": "https://papers.example.org/feeds/quantization.atom",
        "alternate": "https://papers.example.org/topics/quantization",
    }


def test_a_paper_of_which_only_the_title_is_known_is_an_entry_too() -> None:
    root = written(feed(entry(arxiv_id=None, url=None, abstract="", authors=(), categories=(), topics=frozenset())))
    assert texts(root, "atom:entry/atom:title") == ["Low-Bit Quantization for Everyone"]
    assert texts(root, "atom:entry/atom:content") == [""]


def test_a_link_that_is_no_web_page_is_left_out() -> None:
    root = written(feed(entry(arxiv_id=None, url="javascript:alert(1)")))
    assert root.findall("atom:entry/atom:link", ATOM) == []


@pytest.mark.parametrize("text", SHOWN)
def test_hostile_text_is_written_as_text(text: str) -> None:
    root = written(feed(entry(title=text, abstract=text, authors=(text,))))
    assert texts(root, "atom:entry/atom:title") == [plain(text)]
    assert texts(root, "atom:entry/atom:author/atom:name") == [plain(text)]
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert texts(root, "atom:entry/atom:content[@type='html']") == [escaped]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("null \0 escape \x1b[31m bell \x07!", "null  escape [31m bell !"),
        ("alone \ud800\udfff!", "alone !"),
        ("none \ufffe\uffff!", "none !"),
        ("right \u202eot\u202c left", "right ot left"),
        ("line\nfeed\tand\x85more", "line feed and more"),
        ("\U0001f469\u200d\U0001f52c stays", "\U0001f469\u200d\U0001f52c stays"),
    ],
)
def test_characters_that_act_instead_of_showing_are_left_out(text: str, shown: str) -> None:
    assert texts(written(feed(entry(title=text))), "atom:entry/atom:title") == [shown]


def test_a_paper_whose_title_shows_nothing_is_called_by_its_key() -> None:
    assert texts(written(feed(entry(title="\0 \u202e"))), "atom:entry/atom:title") == ["2607.00001"]


def test_one_bad_paper_leaves_the_others_as_they_are() -> None:
    bad = entry(2, title="\ud800", abstract="\0" * 9, authors=("\ufffe", ""), categories=("",), arxiv_id="\0", url="\0")
    root = written(feed(entry(1), bad, entry(3)))
    alone = [written(feed(entry(number))) for number in (1, 3)]
    found = root.findall("atom:entry", ATOM)
    assert len(found) == 3
    kept = [etree.tostring(each).strip() for each in (found[0], found[2])]
    assert kept == [etree.tostring(each.findall("atom:entry", ATOM)[0]).strip() for each in alone]


def test_a_publisher_without_a_name_goes_by_its_address() -> None:
    root = written(feed(entry()), replace(PUBLISHER, name=" "))
    assert texts(root, "atom:author/atom:name") == ["papers@example.org"]


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.characters(), max_size=60), st.text(alphabet="<>&;#x]![CDAT-'\"/ \0\ud800", max_size=60))
def test_any_text_makes_a_valid_feed(any_text: str, markup: str) -> None:
    for text in (any_text, markup):
        bad = entry(
            title=text, abstract=text, authors=(text,), categories=(text,), arxiv_id=text, url=f"https://a/{text}"
        )
        written(Feed("any", text, text, (bad,)), replace(PUBLISHER, name=text))
