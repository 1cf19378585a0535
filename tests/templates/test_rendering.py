"""Templates and the text that goes into them."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.errors import ComposeError, ConfigError
from notifier.templates import environment, inline_css, render
from notifier.text.harmless import LINE_WIDTH, columns, grapheme_end, inert, safe_url, wrapped

any_text = st.text(alphabet=st.characters())  # surrogates too


def written(folder: Path, name: str, source: str) -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(source, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["page.html.j2", "page.xml.j2", "page.j2"])
def test_everything_but_plain_text_is_escaped(tmp_path: Path, name: str) -> None:
    templates = environment(written(tmp_path, name, "{{ title }}"))
    assert render(templates, name, title="<b>&\"'") == "&lt;b&gt;&amp;&#34;&#39;"


def test_plain_text_is_written_as_it_is(tmp_path: Path) -> None:
    templates = environment(written(tmp_path, "mail.txt.j2", "{{ title }}"))
    assert render(templates, "mail.txt.j2", title="a < b & c") == "a < b & c"


def test_a_template_is_compiled_once_until_it_changes(tmp_path: Path) -> None:
    folder = written(tmp_path, "page.j2", "{{ 1 }}")
    first, second = (environment(folder).get_template("page.j2") for _ in range(2))
    assert first.root_render_func.__code__ is second.root_render_func.__code__
    written(tmp_path, "page.j2", "changed")
    assert render(environment(folder), "page.j2") == "changed"


def test_the_last_newline_is_kept(tmp_path: Path) -> None:
    assert render(environment(written(tmp_path, "mail.txt.j2", "end\n")), "mail.txt.j2") == "end\n"


def test_an_operators_file_replaces_only_the_template_of_the_same_name(tmp_path: Path) -> None:
    templates = environment(written(tmp_path, "email/card.txt.j2", "mine"))
    assert render(templates, "email/card.txt.j2") == "mine"
    assert templates.get_template("email/digest.txt.j2").filename != str(tmp_path / "email/digest.txt.j2")


def test_a_missing_templates_folder_is_an_error_of_the_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere does not exist"):
        environment(tmp_path / "nowhere")


def test_a_broken_template_names_its_file_and_line(tmp_path: Path) -> None:
    templates = environment(written(tmp_path, "email/digest.html.j2", "fine\n{% if %}\n"))
    with pytest.raises(ConfigError, match=r"email/digest\.html\.j2, line 2, is broken: "):
        render(templates, "email/digest.html.j2")


def test_a_missing_template_is_named() -> None:
    with pytest.raises(ConfigError, match=r"there is no template email/nothing\.html\.j2"):
        render(environment(), "email/nothing.html.j2")


@pytest.mark.parametrize("expression", ["{{ unknown }}", "{{ mail.unknown }}", "{{ 1 // 0 }}", "{{ mail() }}"])
def test_a_template_that_fails_names_the_innermost_file_and_line(tmp_path: Path, expression: str) -> None:
    written(tmp_path, "part.txt.j2", f"fine\nfine\n{expression}\n")
    templates = environment(written(tmp_path, "mail.txt.j2", '{% include "part.txt.j2" %}\n'))
    with pytest.raises(ComposeError, match=r"part\.txt\.j2, line 3, failed with \w+: [^\n]+") as raised:
        render(templates, "mail.txt.j2", mail={})
    assert "\n" not in str(raised.value)


def test_styles_are_inlined_and_those_that_cannot_be_inlined_stay() -> None:
    page = "<style>p { color: red } a:hover { color: blue } @media print { p { color: black } }</style><p>text</p>"
    inlined = inline_css(page)
    assert '<p style="color:red">text</p>' in inlined
    assert "a:hover" in inlined and "@media print" in inlined and "p { color: red }" not in inlined


def test_no_stylesheet_is_fetched() -> None:
    link = '<link rel="stylesheet" href="http://127.0.0.1:9/style.css">'
    assert "<p>text</p>" in inline_css(f"<html><head>{link}</head><body><p>text</p></body></html>")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://arxiv.org/abs/2607.00001v2?a=1&b=%20#c", "https://arxiv.org/abs/2607.00001v2?a=1&b=%20#c"),
        ("HTTP://example.org", "HTTP://example.org"),
        ("mailto:papers@example.org?subject=a%20b", "mailto:papers@example.org?subject=a%20b"),
        (" https://example.org/ä b\n", "https://example.org/%C3%A4%20b"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("https://example.org/\r\nBcc: all\x00\u202e", "https://example.org/%0D%0ABcc:%20all%00%E2%80%AE"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt://example.org/%0aalert(1)", ""),
        ("java\tscript:alert(1)", ""),
        ("\x01javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("vbscript:x", ""),
        ("//example.org/x", ""),
        ("/abs/1", ""),
        ("https:///x", ""),
        ("https:example.org", ""),
        ("mailto:", ""),
        ("file:///etc/passwd", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_only_http_https_and_mailto_urls_are_safe(url: str | None, safe: str) -> None:
    assert safe_url(url) == safe


@settings(deadline=None)
@given(any_text.map(lambda end: f"https://example.org/{end}"))
def test_a_safe_url_is_ascii_without_spaces_or_quotes_and_does_not_change_again(url: str) -> None:
    safe = safe_url(url)
    assert safe.isascii() and safe.isprintable()
    assert not set(safe) & set(' "<>\\^`{|}')
    assert safe_url(safe) == safe


@settings(deadline=None)
@given(any_text)
def test_inert_text_has_no_control_characters_and_keeps_its_length(text: str) -> None:
    shown = inert(text)
    assert len(shown) == len(text)
    assert len(f"{shown}.".splitlines()) == 1
    shown.encode("utf-8")
    assert not set(shown) & set("\0\x1b\x7f\x85\u2028\u200e\u200f\u202a\u202e\u2066\u2069")
    assert inert(shown) == shown


@pytest.mark.parametrize("text", ["Ä ≤ 2\u00d7 大 🙂 \u200d", "tab\u00a0space", "👩\u200d🔬", "soft\u00adhyphen"])
def test_ordinary_text_is_not_changed(text: str) -> None:
    assert inert(text) == text


def test_the_first_wrapped_line_begins_with_the_text_given_for_it_and_the_others_with_the_indent() -> None:
    lines = wrapped("word " * 40, "    ", first=" 1. ").split("\n")
    assert lines[0].startswith(" 1. word word")
    assert all(line.startswith("    word") for line in lines[1:])
    assert wrapped("") == ""
    assert wrapped(" ", "    ", first="- ") == "-"


def test_a_line_of_wide_letters_is_wrapped_by_columns_not_by_characters() -> None:
    assert [columns(line) for line in wrapped("大" * 100).split("\n")] == [LINE_WIDTH, LINE_WIDTH, 200 - 2 * LINE_WIDTH]


@settings(deadline=None)
@given(st.text(alphabet="ab \n大e\u0301🙂", max_size=300), st.sampled_from(["", "  ", "    "]))
def test_wrapping_loses_no_letter_and_keeps_to_the_width(text: str, indent: str) -> None:
    lines = wrapped(text, indent).split("\n")
    assert all(columns(line) <= LINE_WIDTH for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abé…▲α≤大", min_size=1, max_size=30), max_size=30), st.sampled_from(["", "    "]))
def test_wrapped_lines_are_as_full_as_possible(found: list[str], indent: str) -> None:
    lines = [line.removeprefix(indent) for line in wrapped(" ".join(found), indent).split("\n")]
    for line, following in pairwise(lines):
        assert columns(f"{line} {following.split()[0]}") > LINE_WIDTH - len(indent)
    assert " ".join(lines) == " ".join(found)


def test_no_cut_separates_a_letter_from_its_marks_or_the_parts_of_an_emoji() -> None:
    assert grapheme_end("e\u0301x", 1) == 2
    assert grapheme_end("ex", 1) == 1
    assert grapheme_end("👩\u200d🔬!", 1) == 3
    assert grapheme_end("👍🏽!", 1) == 2
    assert grapheme_end("ab", 0) == 0
    assert grapheme_end("ab", 2) == 2
