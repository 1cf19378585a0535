"""The operator may replace the stylesheet, and each part of the templates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html as parser
from support.digest_samples import DIGEST, PAPER, SETTINGS, bodies
from support.paths import CHECKOUT

from notifier.errors import ConfigError, TemplateError
from notifier.mail import Composer, check_templates
from notifier.mail.parts import PARTS
from notifier.templates import environment, split_stylesheet

GUIDE = (CHECKOUT / "docs" / "templates.md").read_text(encoding="utf-8")


def composed(folder: Path, **files: str) -> tuple[str, str]:
    """Return the bodies of the sample mail, composed with these templates and styles of the operator."""
    written(folder, **files)
    check_templates(SETTINGS, environment(folder))
    return bodies(Composer(SETTINGS, environment(folder)).compose(DIGEST, {PAPER.id: PAPER}))


def written(folder: Path, **files: str) -> None:
    (folder / "email").mkdir()
    for name, source in files.items():
        (folder / "email" / name.replace("_", ".")).write_text(source, encoding="utf-8")


def test_the_guide_names_every_part_with_its_values_and_slots() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|([^|]*)\|$", GUIDE, re.MULTILINE)
    named = {part: tuple(tuple(re.findall(r"`(\w+)`", cell)) for cell in cells) for part, *cells in rows}
    assert named == {part: (kind.values, kind.slots) for part, kind in PARTS.items()}


def test_the_example_of_the_guide_makes_cards(tmp_path: Path) -> None:
    (example,) = re.findall(r"```jinja\n(.*?)```", GUIDE, re.DOTALL)
    plain, html = composed(tmp_path, card_html_j2=example)
    (card,) = parser.document_fromstring(html).find_class("card")
    assert card.text_content().split() == ["Low-Bit", "Quantization", "for", "Everyone", "140", "upvotes"]
    assert "Ada Lovelace" in plain, "the plain text is the built-in one"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("suffix", ["html", "txt"])
def test_a_part_is_replaced_without_the_others(tmp_path: Path, part: str, suffix: str) -> None:
    templates = environment()
    file = f"email/{part}.{suffix}.j2"
    source = templates.loader.get_source(templates, file)[0]  # type: ignore[union-attr]
    before = bodies(Composer(SETTINGS, templates).compose(DIGEST, {PAPER.id: PAPER}))
    after = composed(tmp_path, **{f"{part}_{suffix}_j2": source + "{# mine #}"})
    assert after == before


@pytest.mark.parametrize(
    "expression",
    [
        "{{ recipient | upper }}",
        "{{ recipient ~ '!' }}",
        "{{ 'to ' + recipient }}",
        "{{ 'to %s' % recipient }}",
        "{{ recipient | length }}",
        "{{ recipient[0] }}",
        "{{ recipient.split('@') }}",
        "{{ recipient | wrapped }}",
        "{% if recipient == 'a@example.org' %}{% endif %}",
        "{% for letter in recipient %}{% endfor %}",
        "{{ label }}",
        "{{ mail.recipient }}",
    ],
)
@pytest.mark.parametrize("suffix", ["html", "txt"])
def test_a_template_that_does_more_with_a_slot_than_show_it_is_refused_with_its_line(
    tmp_path: Path, expression: str, suffix: str
) -> None:
    with pytest.raises(ConfigError, match=rf"email/footer\.{suffix}\.j2, line 2, failed with \w+: .+"):
        composed(tmp_path, **{f"footer_{suffix}_j2": f"fine {{{{ recipient }}}}\n{expression}\n"})


def test_a_template_that_changes_a_slot_after_it_was_shown_is_refused(tmp_path: Path) -> None:
    source = "{% filter upper %}{{ recipient }}{% endfilter %}"
    with pytest.raises(ConfigError, match=r"email/footer\.txt\.j2 changes a slot after it was shown"):
        composed(tmp_path, footer_txt_j2=source)


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("card", "{% if not card.authors %}{{ card.nothing }}{% endif %}"),
        ("card", "{% if card.abstract %}{{ card.nothing }}{% endif %}"),
        ("card", "{% if card.is_search %}{{ card.nothing }}{% endif %}"),
        ("card", "{% if card.why %}{{ card.nothing }}{% endif %}"),
        ("card", "{% if card.topics %}{{ card.nothing }}{% endif %}"),
        ("card", "{% if card.links | length > 2 %}{{ card.nothing }}{% endif %}"),
        ("contents", "{% if others %}{{ nothing }}{% endif %}"),
        ("section", "{% if not lines %}{{ nothing }}{% endif %}"),
        ("section", "{% if lines %}{{ nothing }}{% endif %}"),
        ("line", "{% if paper.is_search %}{{ nothing }}{% endif %}"),
        ("line", "{% if paper.upvotes %}{{ nothing }}{% endif %}"),
        ("footer", "{% if postal_address %}{{ nothing }}{% endif %}"),
        ("label", "{% if unsubscribe_page %}{{ nothing }}{% endif %}"),
        ("label", "{% if not unsubscribe_page %}{{ nothing }}{% endif %}"),
        ("more", "{% if not lines %}{{ nothing }}{% endif %}"),
        ("footer", "{% if not unsubscribe_page %}{{ nothing }}{% endif %}"),
        ("more", "{% if unlisted %}{{ nothing }}{% endif %}"),
        ("also", "{{ labels.nothing }}"),
        ("because", "{{ title.nothing }}"),
        ("section", "{% if note %}{{ nothing }}{% endif %}"),
        ("card", "{% if because %}{{ nothing }}{% endif %}"),
        ("label", "{{ 1 // 0 }}"),
        ("digest", "{% if subject %"),
    ],
)
def test_each_branch_of_a_part_is_tried_before_any_mail(tmp_path: Path, part: str, source: str) -> None:
    with pytest.raises(ConfigError, match=rf"email/{part}\.txt\.j2, line 1,"):
        composed(tmp_path, **{f"{part}_txt_j2": source})


def test_a_template_that_fails_on_one_paper_fails_only_the_mail_with_that_paper(tmp_path: Path) -> None:
    written(tmp_path, card_txt_j2="{{ 1 // (card.upvotes - 140) }}")
    composer = Composer(SETTINGS, environment(tmp_path))
    with pytest.raises(TemplateError, match=r"card\.txt\.j2, line 1, failed with ZeroDivisionError"):
        composer.compose(DIGEST, {PAPER.id: PAPER})


def test_a_slot_may_be_shown_twice_or_never(tmp_path: Path) -> None:
    plain, _ = composed(tmp_path, footer_txt_j2="{{ recipient }} {{ recipient }} {% set who = recipient %}{{ who }}")
    assert plain.endswith("reader@example.net " * 2 + "reader@example.net")


def test_the_built_in_stylesheet_has_no_rule_that_some_mail_programs_ignore() -> None:
    assert check_templates(SETTINGS, environment()) == []


def test_a_rule_that_cannot_be_written_into_elements_is_reported(tmp_path: Path) -> None:
    written(tmp_path, style_css="h2 { color: red } ul a, h3 + p { color: blue } a:hover { color: green }")
    warnings = check_templates(SETTINGS, environment(tmp_path))
    assert [re.findall("the rule for (.+?) in", warning) for warning in warnings] == [["ul a"], ["h3 + p"]]


@pytest.mark.parametrize(
    ("css", "inlined", "kept", "left_out"),
    [
        ("p { color: red }", "p{color: red}", "", []),
        ("h1, .big.title, #id { top: 0 }", "h1{top: 0}\n.big.title{top: 0}\n#id{top: 0}", "", []),
        ("* { top: 0 }", "*{top: 0}", "", []),
        ("/* p { } */ a:hover { color: red }", "", "a:hover{color: red}", []),
        (".c a:hover::before { color: red }", "", ".c a:hover::before{color: red}", []),
        (":root { --x: 1 }", "", ":root{--x: 1}", []),
        ("@media print { p { top: 0 } a { } } p { top: 0 }", "p{top: 0}", "@media print { p { top: 0 } a { } }", []),
        ("@import url(x.css); p { top: 0 }", "p{top: 0}", "@import url(x.css);", []),
        ("ul > li { top: 0 }", "", "ul > li{top: 0}", ["ul > li"]),
        ("p:first-child { top: 0 }", "", "p:first-child{top: 0}", ["p:first-child"]),
        ("a[href] { top: 0 }", "", "a[href]{top: 0}", ["a[href]"]),
        (":is(h1, h2) { top: 0 }", "", ":is(h1, h2){top: 0}", [":is(h1, h2)"]),
        ("p, a:not(:is(b, i), u) { top: 0 }", "p{top: 0}", "a:not(:is(b, i), u){top: 0}", ["a:not(:is(b, i), u)"]),
        ("p { top: 0 } /* h1 { top: 0 }", "p{top: 0}", "", []),
        ("p { top: 0 } h1 { top: 0", "p{top: 0}", "", []),
        ("p { top: 0 } @media print { h1 { top: 0 }", "p{top: 0}", "@media print { h1 { top: 0 }", []),
    ],
)  # fmt: skip
def test_a_stylesheet_is_split_by_what_its_rules_depend_on(
    css: str, inlined: str, kept: str, left_out: list[str]
) -> None:
    assert split_stylesheet(css) == (inlined, kept, left_out)


def test_an_element_gets_the_styles_of_its_rules_and_keeps_its_own(tmp_path: Path) -> None:
    source = (
        '<p class="c" style="margin:1px">{{ recipient }}</p>'
        "<P CLASS=c>{{ brand }}</P><table><tr><td class='c d'>x</td></tr></table><i>plain</i>"
    )
    css = ".c { color: red; margin: 2px } #x { top: 0 } td { color: blue } .d { color: green }"
    _, html = composed(tmp_path, footer_html_j2=source, style_css=css)
    page = parser.document_fromstring(html)
    styles = [page.xpath(path)[0].get("style") for path in ("//p[.='reader@example.net']", "//p[.='Daily Papers']")]
    assert [sorted(style.split(";")) for style in styles] == [["color:red", "margin:1px"], ["color:red", "margin:2px"]]
    assert sorted(page.xpath("//td[.='x']")[0].get("style").split(";")) == ["color:green", "margin:2px"]
    assert page.xpath("//i")[0].get("style") is None


def test_a_class_may_depend_on_the_paper(tmp_path: Path) -> None:
    source = '<b class="{{ "hot" if card.upvotes else "cold" }}">{{ card.plain_title }}</b>'
    _, html = composed(tmp_path, card_html_j2=source, style_css=".hot { color: red } .cold { color: blue }")
    assert parser.document_fromstring(html).find_class("hot")[0].get("style") == "color:red"


def test_half_a_surrogate_pair_in_a_template_is_an_error_of_the_template(tmp_path: Path) -> None:
    written(tmp_path, card_html_j2="{{ 'a\\ud800' }}")
    composer = Composer(SETTINGS, environment(tmp_path))
    with pytest.raises(TemplateError, match=r"card\.html\.j2.* surrogates not allowed; correct that line"):
        composer.compose(DIGEST, {PAPER.id: PAPER})


def test_half_a_surrogate_pair_in_the_template_of_a_notice_is_an_error_of_the_template(tmp_path: Path) -> None:
    written(tmp_path, confirmation_txt_j2="{{ '\\ud800' }}")
    with pytest.raises(ConfigError, match=r"confirmation\.txt\.j2.* surrogates not allowed; correct that line"):
        check_templates(SETTINGS, environment(tmp_path))
