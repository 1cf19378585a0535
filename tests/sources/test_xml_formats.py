"""Feeds and OAI-PMH pages: every field is read, and a fault in one record leaves the others readable."""

from __future__ import annotations

from datetime import date

import pytest
from support.format_samples import (
    ABSTRACT,
    CLEAN,
    IDS,
    OAI_ARXIV,
    OAI_DC,
    OAI_RAW,
    OTHER_RSS,
    TITLES,
    api,
    atom,
    oai,
    oai_record,
    rss,
)

from notifier.errors import DumpError
from notifier.models import Announce, Listing, ParsedDump
from notifier.sources import parse_dump

DAY = date(2026, 7, 6)


def dump(text: str) -> ParsedDump:
    return parse_dump(text.encode())


def test_every_field_of_an_arxiv_feed_is_read() -> None:
    found = dump(rss("new", "replace", "cross"))
    assert (found.format, found.full_date, found.precedence) == ("arXiv RSS", DAY, 4)
    assert found.listings[1] == Listing(
        position=2,
        title=TITLES[1],
        abstract=CLEAN.format(1),
        where="record 2",
        arxiv_id=IDS[1],
        url=f"https://arxiv.org/abs/{IDS[1]}",
        authors=("Ann Lee (Example, Inc)", "Bo Chen"),
        categories=("cs.LG", "cs.AI"),
        version=2,
        announce=Announce.REPLACE,
    )
    assert [listing.announce for listing in found.listings] == [Announce.NEW, Announce.REPLACE, Announce.CROSS]


def test_an_arxiv_feed_in_atom_is_read_too() -> None:
    found = dump(atom())
    (listing,) = found.listings
    assert (found.format, found.full_date) == ("arXiv Atom", DAY)
    assert (listing.arxiv_id, listing.version, listing.abstract) == (IDS[0], 1, CLEAN.format(0))
    assert (listing.authors, listing.announce, listing.published) == (("Ann Lee", "Bo Chen"), Announce.CROSS, None)


def test_the_former_rdf_feed_of_arxiv_is_read() -> None:
    text = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://export.arxiv.org/rss/cs.LG">
<dc:date>2023-07-06T20:30:00-05:00</dc:date></channel>
<item rdf:about="http://arxiv.org/abs/{IDS[0]}"><title>{TITLES[0]}. (arXiv:{IDS[0]}v2 [cs.LG] UPDATED)</title>
<link>http://arxiv.org/abs/{IDS[0]}</link><description>&lt;p&gt;It is short.&lt;/p&gt;</description>
<dc:creator>&lt;a href="http://arxiv.org/a/lee"&gt;Ann Lee&lt;/a&gt;, &lt;a href="x"&gt;Bo Chen&lt;/a&gt;</dc:creator>
</item></rdf:RDF>"""
    found = dump(text)
    (listing,) = found.listings
    assert found.full_date == date(2023, 7, 6)
    assert (listing.title, listing.abstract, listing.version) == (f"{TITLES[0]}.", "It is short.", 2)
    assert (listing.authors, listing.announce) == (("Ann Lee", "Bo Chen"), Announce.REPLACE)


def test_an_arxiv_api_answer_is_read_with_its_version_its_dates_its_note_and_its_doi() -> None:
    found = dump(api())
    (listing,) = found.listings
    assert (found.format, found.full_date) == ("arXiv API", DAY)
    assert (listing.arxiv_id, listing.version, listing.doi) == (IDS[0], 3, "10.1000/xyz")
    assert (listing.published, listing.updated) == (date(2026, 6, 28), date(2026, 7, 3))
    assert (listing.note, listing.pdf) == ("9 pages, 2 figures", f"https://arxiv.org/pdf/{IDS[0]}v3")
    assert (listing.authors, listing.categories) == (("Ann Lee", "Bo Chen"), ("cs.LG", "cs.AI"))


def test_an_answer_without_entries_is_a_dump_without_listings() -> None:
    assert dump(api("")).listings == ()
    assert dump(rss()).listings == ()
    assert dump(oai().replace("<request", '<error code="noRecordsMatch">None</error><request')).listings == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            api("<entry><id>http://arxiv.org/api/errors#x</id><title>Error</title><summary>bad id</summary></entry>"),
            "arXiv answered with an error: bad id",
        ),
        (
            oai().replace("<request", '<error code="badResumptionToken">It has &quot;expired&quot;</error><request'),
            r'error \(badResumptionToken\): It has "expired"',
        ),
        ("<rss version='2.0'><channel><item><title>Cut", "cut off before its first record"),
        ("<!DOCTYPE html><html><body><rss></rss></body></html>", "HTML"),
    ],
)
def test_an_error_document_is_refused_with_its_message(text: str, reason: str) -> None:
    with pytest.raises(DumpError, match=reason):
        dump(text)


@pytest.mark.parametrize(
    ("metadata", "authors"),
    [
        (OAI_ARXIV, ("Ann Lee", "Bo Chen Jr")),
        (OAI_RAW, ("Ann Lee", "Bo Chen", "Cy Young")),
        (OAI_DC, ("Ann Lee", "Bo Chen")),
    ],
    ids=["arXiv", "arXivRaw", "oai_dc"],
)
def test_each_form_of_oai_metadata_is_read(metadata: str, authors: tuple[str, ...]) -> None:
    found = dump(oai(oai_record(metadata)))
    (listing,) = found.listings
    assert (found.format, found.full_date) == ("OAI-PMH", DAY)
    assert (listing.arxiv_id, listing.title, listing.abstract) == (IDS[0], TITLES[0], CLEAN.format(0))
    assert (listing.published, listing.updated) == (date(2026, 6, 28), date(2026, 7, 3))
    assert listing.authors == authors
    assert listing.withdrawn == (metadata is OAI_RAW)


def test_a_deleted_record_is_skipped_and_its_id_is_reported_as_deleted() -> None:
    found = dump(oai(oai_record(OAI_ARXIV), oai_record("", 1, ' status="deleted"')))
    assert [listing.arxiv_id for listing in found.listings] == [IDS[0]]
    assert found.deleted == (IDS[1],)
    assert [skipped.where for skipped in found.skipped] == ["record 2"]


@pytest.mark.parametrize(
    "note", ["This paper has been withdrawn by the author", "Withdrawn due to an error in Lemma 2"]
)
def test_a_paper_whose_note_says_that_it_was_withdrawn_is_marked_as_withdrawn(note: str) -> None:
    assert dump(api().replace("9 pages, 2 figures", note)).listings[0].withdrawn
    assert not dump(api()).listings[0].withdrawn


def test_any_other_feed_of_papers_is_read() -> None:
    found = dump(OTHER_RSS)
    (listing,) = found.listings
    assert (found.format, found.full_date) == ("RSS or Atom", DAY)
    assert (listing.title, listing.abstract, listing.authors) == (TITLES[0], "We study graphs & trees.", ("Ann Lee",))
    assert (listing.url, listing.doi) == ("https://journal.example.org/1", "10.1000/xyz")
    assert [(skipped.where, skipped.reason) for skipped in found.skipped] == [("record 2", "it has no title")]


@pytest.mark.parametrize(
    ("old", "new", "title"),
    [
        ("Unlearning Edges", "Unlearning&nbsp;Edges", TITLES[0]),
        ("Unlearning Edges", "Unlearning & Edges", "Forgetful Graphs: Unlearning & Edges"),
        ("Unlearning Edges", "Unlearning\x0b Ed\x1bges", TITLES[0]),
        ("Unlearning Edges", "Unlearning &#11;Edges", TITLES[0]),
        ("Unlearning Edges", "for x < 3", "Forgetful Graphs: for x < 3"),
        ("Unlearning Edges", "Unlearning &unknown; Edges", "Forgetful Graphs: Unlearning &unknown; Edges"),
        ("<title>", "<title><![CDATA[</item>]]>", f"</item>{TITLES[0]}"),
        ("<title>", "<media:x/><title>", TITLES[0]),
        (' xmlns:arxiv="http://arxiv.org/schemas/atom"', "", TITLES[0]),
    ],
)
def test_usual_faults_of_xml_are_repaired(old: str, new: str, title: str) -> None:
    found = dump(rss("new", "new").replace(old, new))
    assert [listing.arxiv_id for listing in found.listings] == [*IDS[:2]]
    assert found.listings[0].title == title
    assert found.skipped == ()


def test_only_a_record_that_is_not_valid_xml_is_skipped() -> None:
    found = dump(rss("new", "new", "new").replace(f"{TITLES[1]}</title>", TITLES[1]))
    assert [listing.arxiv_id for listing in found.listings] == [IDS[0], IDS[2]]
    (skipped,) = found.skipped
    assert skipped.where == "record 2"
    assert "broken XML" in skipped.reason


@pytest.mark.parametrize("cut", ["</item>", "<item>", "</guid>"])
def test_a_feed_that_breaks_off_keeps_the_records_before_the_break(cut: str) -> None:
    text = rss("new", "new", "new")
    found = dump(text[: text.rindex(cut) + 3])
    assert [listing.arxiv_id for listing in found.listings] == [*IDS[:2]]
    assert [(skipped.where, skipped.reason) for skipped in found.skipped] == [
        ("record 3", "the document is cut off here")
    ]


@pytest.mark.parametrize(("opening", "closing"), [("<!--", "-->"), ("<![CDATA[", "]]>")])
def test_a_comment_or_cdata_section_that_does_not_end_in_its_record_hides_no_other_record(
    opening: str, closing: str
) -> None:
    unclosed = rss("new", "new", "new").replace("Unlearning", opening)
    for text in (unclosed, unclosed.replace("A Corpus", f"A {closing} Corpus")):
        found = dump(text)
        assert IDS[1] in [listing.arxiv_id for listing in found.listings]
        assert len(found.listings) + len(found.skipped) == 3
    whole = rss("new", "new").replace("<item>", f"{opening} <item> {closing}<item>")
    assert [listing.arxiv_id for listing in dump(whole).listings] == [*IDS[:2]]


def test_a_record_without_its_start_or_end_tag_is_skipped() -> None:
    found = dump(rss("new", "new", "new").replace("</item>\n<item><title>Tracing", "\n<item><title>Tracing"))
    assert [skipped.where for skipped in found.skipped] == ["record 1"]
    found = dump(rss("new", "new", "new").replace("</item>\n<item><title>Tracing", "</item>\n<title>Tracing"))
    assert [(skipped.where, skipped.reason) for skipped in found.skipped] == [
        ("record 2", "the beginning of the record is missing")
    ]
    assert [listing.arxiv_id for listing in found.listings] == [IDS[0], IDS[2]]


def test_a_document_that_declares_unsafe_or_too_many_entities_is_refused() -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]>'
    for doctype in (bomb, '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "<!ENTITY x 'y'>" * 301):
        with pytest.raises(DumpError, match="unsafe or too many entities"):
            dump(doctype + rss("new"))
    assert dump("<!DOCTYPE rss [<!ENTITY nbsp '&#160;'>]>" + rss("new").replace(ABSTRACT[:8], "We&nbsp;study")).listings


def test_an_unclosed_section_that_runs_into_the_next_records_hides_no_sound_record() -> None:
    hostile_records = (
        '<item a=">"/><?x <!-- ?><item><!-- --></item>',
        f"<item><title>{TITLES[0]}</title><link>https://arxiv.org/abs/{IDS[0]}</link><?foo </item>",
        "<item> ?></item>",
    )
    sound = rss("new")
    place = sound.index("<item>")
    found = dump(sound[:place] + "".join(hostile_records) + sound[place:])
    assert [listing.where for listing in found.listings] == ["record 4"]
    assert [skipped.where for skipped in found.skipped] == ["record 1", "record 2", "record 3"]


TITLE = (
    'Fast <math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><msup><mi>x</mi><mn>2</mn></msup>'
    '<annotation encoding="application/x-tex">x^2</annotation></semantics></math> nets if a &lt; b'
)
ABSTRACT_HTML = (
    "A &lt;button&gt;Go&lt;/button&gt; &lt;math&gt;&lt;mi&gt;k&lt;/mi&gt;&lt;/math&gt;-means, p &amp;lt; 0.05"
)
FEED_WITH_MATHML = {
    "atom": f"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="xhtml">
<div xmlns="http://www.w3.org/1999/xhtml">{TITLE}</div></title><id>urn:a</id>
<summary type="html">{ABSTRACT_HTML}</summary></entry></feed>""",
    "rss": f"""<rss version="2.0"><channel><item><title>{TITLE}</title><link>https://example.org/1</link>
<description>{ABSTRACT_HTML}</description></item></channel></rss>""",
    "api": f"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><entry>
<title>{TITLE}</title><id>http://arxiv.org/abs/{IDS[0]}v1</id><summary>{ABSTRACT_HTML}</summary></entry></feed>""",
}


@pytest.mark.parametrize("text", FEED_WITH_MATHML.values(), ids=list(FEED_WITH_MATHML))
def test_a_formula_inside_an_xml_title_is_kept_once_and_the_abstract_has_no_markup(text: str) -> None:
    (listing,) = dump(text).listings
    assert listing.title == "Fast x^2 nets if a < b"
    assert listing.abstract == "A k-means, p < 0.05"
