"""Feeds as Atom 1.0, checked against the schema in RFC 4287 and against its rules that are not in the schema."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.feed_samples import (
    LINKED,
    ONLINE,
    PUBLISHER,
    SAMPLES,
    SHOWN,
    atom_schema,
    entry,
    feed,
    xml,
)
from support.thoroughness import examples

from notifier.feeds import Feed, Publisher, atom
from notifier.feeds.entries import printable

ATOM = {"atom": "http://www.w3.org/2005/Atom", "xhtml": "http://www.w3.org/1999/xhtml"}
SCHEMA = atom_schema()
MARKUP = ("div", "p", "a")  # the only elements in the content of an entry


def valid_atom(sample: Feed, publisher: Publisher = PUBLISHER) -> etree._Element:
    """Write a feed, assert that it is valid, and return its root element."""
    root = xml(atom(sample, publisher))
    SCHEMA.assertValid(root)
    assert {link.get("rel") for link in root.iterfind(".//atom:link", ATOM)} <= {"self", "alternate", "related"}
    assert all(
        urlsplit(link.get("href", "")).scheme in {"http", "https"} for link in root.iterfind(".//atom:link", ATOM)
    )
    assert {tag.tag for tag in root.iterfind(".//atom:content//*", ATOM)} <= {
        f"{{{ATOM['xhtml']}}}{name}" for name in MARKUP
    }
    assert root.xpath("atom:author", namespaces=ATOM), "RFC 4287, 4.1.1: a feed needs an author if an entry has none"
    for each in root.iterfind("atom:entry", ATOM):
        alternate = each.xpath("atom:link[not(@rel) or @rel='alternate']", namespaces=ATOM)
        assert alternate or each.find("atom:content", ATOM) is not None, (
            "RFC 4287, 4.1.2: an entry has an alternate link or content"
        )
        assert len(alternate) <= 1
    for found in root.iterfind(".//atom:id", ATOM):
        assert urlsplit(found.text or "").scheme, "RFC 4287, 4.2.6: an id is an absolute IRI"
    return root


def texts(root: etree._Element, path: str) -> list[str]:
    return [found.text or "" for found in root.iterfind(path, ATOM)]


def paragraphs(root: etree._Element) -> list[str]:
    """Return the texts of the paragraphs in the content of the entries."""
    return ["".join(found.itertext()) for found in root.iterfind("atom:entry/atom:content//xhtml:p", ATOM)]


@pytest.mark.parametrize("publisher", [PUBLISHER, ONLINE])
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_feed_is_valid_atom(sample: Feed, publisher: Publisher) -> None:
    root = valid_atom(sample, publisher)
    assert len(texts(root, "atom:entry/atom:id")) == len(sample.entries)


@pytest.mark.parametrize("element", ["id", "title", "updated"])
def test_the_schema_refuses_an_entry_without_a_required_element(element: str) -> None:
    root = valid_atom(feed(entry()))
    found = root.find(f"atom:entry/atom:{element}", ATOM)
    assert found is not None
    found.tag = "{http://www.w3.org/2005/Atom}unknown"
    assert not SCHEMA.validate(root)


def test_an_entry_has_the_fields_of_its_paper() -> None:
    root = valid_atom(feed(entry()))
    assert texts(root, "atom:entry/atom:title") == ["Low-Bit Quantization for Everyone"]
    assert paragraphs(root) == [
        "We show that quantization to four bits is enough.",
        "arXiv · PDF · Hugging Face",
    ]
    assert texts(root, "atom:entry/atom:author/atom:name") == ["Ada Lovelace", "Alan Turing"]
    assert texts(root, "atom:entry/atom:published") == ["2026-07-06T04:30:15+00:00"]
    assert texts(root, "atom:entry/atom:updated") == ["2026-07-06T04:30:15+00:00"]
    assert root.xpath("atom:entry/atom:link[@rel='alternate']/@href", namespaces=ATOM) == [
        "https://arxiv.org/abs/2607.00001"
    ]
    categories = [dict(found.attrib) for found in root.iterfind("atom:entry/atom:category", ATOM)]
    assert categories == [
        {"term": "cs.LG"},
        {"term": "cs.AI"},
        {"term": "language-models", "label": "Language Models"},
        {"term": "quantization", "label": "Quantization"},
    ]


def test_the_bytes_of_an_entry_have_every_link_with_its_relation_type_and_title() -> None:
    written = atom(feed(entry(1, **LINKED)), PUBLISHER)
    for link in (
        b'<link href="https://arxiv.org/abs/2607.00001" rel="alternate" type="text/html" title="arXiv"/>',
        b'<link href="https://arxiv.org/pdf/2607.00001" rel="related" type="application/pdf" title="PDF"/>',
        b'<link href="https://huggingface.co/papers/2607.00001" rel="related" type="text/html" title="Hugging Face"/>',
        b'<link href="https://doi.org/10.1000/182" rel="related" type="text/html" title="DOI"/>',
        b'<link href="https://example.org/project" rel="related" type="text/html" title="Project page"/>',
        b'<link href="https://github.com/example/code?a=1&amp;b=2" rel="related" type="text/html" title="Code"/>',
        b'<link href="https://example.org/talk" rel="related" type="text/html" title="Discussion"/>',
    ):
        assert written.count(link) == 1
    assert written.count(b"<link ") == 7


def test_the_content_of_an_entry_links_to_the_same_addresses_as_the_entry() -> None:
    root = valid_atom(feed(entry(1, **LINKED)))
    shown = root.xpath("atom:entry/atom:content//xhtml:a/@href", namespaces=ATOM)
    assert shown == root.xpath("atom:entry/atom:link/@href", namespaces=ATOM)
    assert len(shown) == 7


def test_a_feed_names_its_stylesheet_before_its_first_element() -> None:
    lines = atom(feed(entry()), PUBLISHER).splitlines()
    assert lines[0] == b"<?xml version='1.0' encoding='UTF-8'?>"
    assert lines[1] == b'<?xml-stylesheet type="text/css" href="feeds.css"?>'
    assert lines[2].startswith(b"<feed ")


def test_the_feed_has_a_title_a_publisher_and_an_update_time() -> None:
    root = valid_atom(feed(entry()))
    assert texts(root, "atom:title") == ["Quantization"]
    assert texts(root, "atom:subtitle") == ["Fewer bits."]
    assert texts(root, "atom:author/atom:name") == ["Daily Papers"]
    assert texts(root, "atom:updated") == ["2026-07-06T04:30:15+00:00"]
    assert texts(root, "atom:generator") == ["notifier"]
    assert root.xpath("@xml:lang") == ["en"]


def test_entries_keep_their_order() -> None:
    root = valid_atom(feed(entry(3), entry(1), entry(2)))
    assert root.xpath("atom:entry/atom:link[@rel='alternate']/@href", namespaces=ATOM) == [
        f"https://arxiv.org/abs/2607.0000{number}" for number in (3, 1, 2)
    ]


def test_without_a_web_site_a_feed_has_no_link() -> None:
    assert valid_atom(feed(entry())).findall("atom:link", ATOM) == []


def test_with_a_web_site_a_feed_links_to_itself_and_to_its_page() -> None:
    links = valid_atom(feed(entry()), ONLINE).findall("atom:link", ATOM)
    assert {link.get("rel"): link.get("href") for link in links} == {
        "self": "https://papers.example.org/feeds/quantization.atom",
        "alternate": "https://papers.example.org/topics/quantization",
    }


def test_a_paper_with_nothing_but_a_title_is_a_valid_entry() -> None:
    root = valid_atom(feed(entry(arxiv_id=None, url=None, abstract="", authors=(), categories=(), topics=frozenset())))
    assert texts(root, "atom:entry/atom:title") == ["Low-Bit Quantization for Everyone"]
    assert root.xpath("normalize-space(atom:entry/atom:content[@type='xhtml']/xhtml:div)", namespaces=ATOM) == ""


def test_a_url_that_does_not_lead_to_a_web_page_is_left_out() -> None:
    root = valid_atom(feed(entry(arxiv_id=None, url="javascript:alert(1)")))
    assert root.findall("atom:entry/atom:link", ATOM) == []


@pytest.mark.parametrize("text", SHOWN)
def test_markup_in_a_text_is_escaped(text: str) -> None:
    root = valid_atom(feed(entry(title=text, abstract=text, authors=(text,))))
    assert texts(root, "atom:entry/atom:title") == [printable(text)]
    assert texts(root, "atom:entry/atom:author/atom:name") == [printable(text)]
    assert paragraphs(root)[0] == printable(text)


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
def test_characters_that_are_not_printable_are_left_out(text: str, shown: str) -> None:
    assert texts(valid_atom(feed(entry(title=text))), "atom:entry/atom:title") == [shown]


def test_a_paper_whose_title_has_nothing_printable_has_its_key_as_title() -> None:
    assert texts(valid_atom(feed(entry(title="\0 \u202e"))), "atom:entry/atom:title") == ["2607.00001"]


def test_a_bad_paper_does_not_change_the_entries_of_others() -> None:
    bad = entry(2, title="\ud800", abstract="\0" * 9, authors=("\ufffe", ""), categories=("",), arxiv_id="\0", url="\0")
    root = valid_atom(feed(entry(1), bad, entry(3)))
    alone = [valid_atom(feed(entry(number))) for number in (1, 3)]
    found = root.findall("atom:entry", ATOM)
    assert len(found) == 3
    kept = [etree.tostring(each).strip() for each in (found[0], found[2])]
    assert kept == [etree.tostring(each.findall("atom:entry", ATOM)[0]).strip() for each in alone]


def test_a_publisher_without_a_name_is_named_by_its_address() -> None:
    root = valid_atom(feed(entry()), replace(PUBLISHER, name=" "))
    assert texts(root, "atom:author/atom:name") == ["papers@example.org"]


@settings(deadline=None, max_examples=examples(60))
@given(st.text(alphabet=st.characters(), max_size=60), st.text(alphabet="<>&;#x]![CDAT-'\"/ \0\ud800", max_size=60))
def test_any_text_makes_a_valid_feed(any_text: str, markup: str) -> None:
    for text in (any_text, markup):
        bad = entry(
            title=text, abstract=text, authors=(text,), categories=(text,), arxiv_id=text, url=f"https://a/{text}"
        )
        valid_atom(Feed("any", text, text, (bad,)), replace(PUBLISHER, name=text))
