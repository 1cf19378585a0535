"""The HTML of mails is valid, and uses only what mail programs are known to understand or to ignore without harm."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import html5lib
import pytest
from lxml import html as parser
from support.digest_samples import DIGEST, ITEM, SETTINGS, bodies, mail_of, page, paper
from support.varied_digest import VARIED, VARIED_PAPERS, VARIED_SETTINGS

from notifier.models import Item, Section

HTML = bodies(mail_of(VARIED, *VARIED_PAPERS, settings=VARIED_SETTINGS))[1]
PAGE = parser.document_fromstring(HTML)

# What the mails use, which mail programs do without it according to caniemail.com, and what subscribers see instead.
# "Word" means Outlook for Windows up to 2021, which shows mails with the engine of Word.

PROPERTIES = {
    "-webkit-text-size-adjust": "Only iOS knows it. Others do not enlarge text by themselves.",
    "background-color": "All; GMX and Orange know only named colours, so their readers see no marks and no chips.",
    "border-color": "Only for dark mode, see there.",
    "border-radius": "Word, GMX and Orange show square chips.",
    "border-top": "All; Word draws it above headings, but maybe not above the footer, which is then set off by space.",
    "color": "All.",
    "color-scheme": "Gmail, Outlook and Yahoo choose their own colours in dark mode.",
    "display": "Word shows the preheader in spite of `none`, so mso-hide hides it.",
    "font": "The Gmail apps ignore the shorthand with accounts of others: all text has the program's letters.",
    "font-size": "All, in pixels.",
    "font-weight": "All.",
    "line-height": "All; Word rounds it.",
    "margin": "All on headings, paragraphs and blocks; Word does not know `auto`, so a table centres the mail.",
    "max-height": "Word; it is one of several ways to hide the preheader.",
    "max-width": "Word; the mail is in a table of 600 pixels there.",
    "mso-hide": "Only Word knows it, and only Word needs it.",
    "overflow": "Word; it is one of several ways to hide the preheader.",
    "overflow-wrap": "Gmail, Apple Mail and Outlook apps break long words anyway; in Word and Yahoo they stick out.",
    "padding": "Word knows it only in table cells: the mail has the padding of its table, and chips have none.",
    "text-decoration": "Orange on iOS and the Gmail apps with accounts of others underline all links.",
    "white-space": "Word and Samsung may break a line between `▲` and the number, or within a chip.",
}
AT_RULES = {
    "@media (prefers-color-scheme: dark)": "Gmail, Yahoo and Word show the light colours, or change them themselves.",
}
PSEUDO_CLASSES = {
    ":hover": "Word and phones; a title is not underlined while the pointer is over it.",
}
ELEMENTS = {
    "a": "All; links within the mail do nothing in Apple Mail on iOS and in some apps, whose readers scroll instead.",
    "body": "Webmail turns it into a block, or drops it with its background; the text is dark on white then.",
    "div": "All.",
    "h1": "All.",
    "h2": "All.",
    "h3": "All.",
    "head": "Yahoo on Android drops it with the style element; there are only the light colours then.",
    "html": "Webmail drops it with its language.",
    "li": "All.",
    "meta": "Webmail ignores it: the encoding is in the header of the part, and the width follows the window.",
    "p": "All.",
    "span": "All.",
    "style": "The Gmail apps ignore it with accounts of others; there are only the light colours then.",
    "title": "Nobody shows it but a browser.",
    "ul": "All.",
}
ATTRIBUTES = {
    "aria-roledescription": "Webmail removes it; a screen reader then does not call the mail an email.",
    "charset": "Of meta, see there.",
    "class": "Gmail renames classes together with their rules.",
    "content": "Of meta, see there.",
    "dir": "GMX removes it, and Word ignores `auto`: right-to-left titles stand on the left.",
    "href": "All.",
    "id": "Gmail, Yahoo and Word do not jump to an id, so the anchors have a name too.",
    "lang": "Webmail uses its own language for the pronunciation of a screen reader.",
    "name": "All that can jump, see the element a.",
    "role": "Yahoo removes it: a screen reader has only the headings for orientation.",
    "style": "All.",
}


def used_css() -> tuple[set[str], set[str], set[str]]:
    """Return the properties, the at-rules and the pseudo-classes of the mail, in its elements and in its rules."""
    rules = PAGE.xpath("string(//style)")
    at_rules = re.findall(r"@[^{]+", rules)
    blocks = [*PAGE.xpath("//@style"), *re.findall(r"\{([^{}]*)\}", rules)]
    properties = {declaration.split(":")[0].strip() for block in blocks for declaration in block.split(";")}
    selectors = re.sub(r"@[^{]+|\{[^{}]*\}", " ", rules)
    return properties - {""}, {each.strip() for each in at_rules}, set(re.findall(r"::?[a-z-]+", selectors))


def test_the_mails_use_exactly_what_is_explained_here() -> None:
    properties, at_rules, pseudo_classes = used_css()
    elements = [each for each in PAGE.iter() if isinstance(each.tag, str)]
    assert properties == PROPERTIES.keys()
    assert at_rules == AT_RULES.keys()
    assert pseudo_classes == PSEUDO_CLASSES.keys()
    assert {each.tag for each in elements} == ELEMENTS.keys()
    assert {name for each in elements for name in each.attrib} == ATTRIBUTES.keys()


def test_the_html_is_valid() -> None:
    html5lib.HTMLParser(strict=True).parse(HTML)
    ids = PAGE.xpath("//@id")
    assert len(ids) == len(set(ids)) == 3


def test_headings_begin_with_the_first_level_and_leave_out_none() -> None:
    levels = [int(each.tag[1]) for each in PAGE.xpath("//h1 | //h2 | //h3 | //h4 | //h5 | //h6")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(following <= level + 1 for level, following in pairwise(levels))


@pytest.mark.parametrize("role", ["banner", "main", "contentinfo"])
def test_all_text_is_in_one_of_three_landmarks(role: str) -> None:
    assert len(PAGE.xpath(f"//*[@role='{role}']")) == 1
    outside = PAGE.xpath(
        "//body//text()[normalize-space()][not(ancestor::*[@role='banner' or @role='main' or @role='contentinfo'])]"
        "[not(ancestor::*[@class='preheader'])]"
    )
    assert outside == []


def test_outlook_for_windows_gets_a_table_of_600_pixels_and_no_other_program_sees_it() -> None:
    tables = [each.text for each in page(settings=SETTINGS).xpath("//comment()")]
    assert [each.split("]>")[0] for each in tables] == ["[if mso", "[if mso"]
    assert 'width="600"' in tables[0] and "</table>" in tables[1]
    assert not PAGE.xpath("//table")


def test_every_text_of_a_paper_and_every_label_is_shown_in_its_own_direction() -> None:
    hebrew = paper(2, title="למידה עמוקה", abstract="אנו מציעים שיטה חדשה.", authors=("עדה",))
    others = [paper(number, title="למידה") for number in range(3, 5)]
    digest = replace(
        DIGEST,
        sections=(Section("למידה", (Item(2), Item(3))), Section("two", (ITEM,))),
        rest=(Item(4),),
    )
    found = page(digest, hebrew, *others, settings=replace(SETTINGS, cards=1))
    for kind in (
        "//h2",
        "//h3",
        "//ul[@class='others']/li",
        "//*[@class='abstract']",
        "//*[@class='jump']",
        "//*[@class='meta']/span[1]",
    ):
        elements = [each for each in found.xpath(kind) if "And 1 more" not in each.text_content()]
        assert elements, kind
        assert {each.get("dir") for each in elements} == {"auto"}, kind
