"""Messages for channels: they keep the limits of each service, and no text of a paper becomes a link or a mention."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from notifier.delivery.channels import ChannelMessage, decode_message, encode_message, plain_text
from notifier.delivery.channels.layouts import laid_out
from notifier.delivery.channels.markups import DISCORD, HTML, MARKDOWN, SLACK, TEAMS, TELEGRAM
from notifier.delivery.channels.messages import MessagePaper, MessageSection
from notifier.delivery.channels.services import SERVICES, Service

OURS = "https://papers.example.org"
HOSTILE = (
    "@everyone <!channel> <@U123> @here @room",
    "[click](https://evil.example) <https://evil.example|click> https://evil.example www.evil.example",
    "**bold** _under_ ~~gone~~ `code` ||spoiler|| # Heading > quote",
    "<b>bold</b> <script>alert(1)</script> &lt;b&gt; &amp;",
    "\\[x\\](https://evil.example) \\\\[y](https://evil.example)",
    ":smile: #channel $math$ <#123> <t:1> ![i](https://evil.example/i.png)",
    "](https://evil.example) [",
    "量子化された言語モデル 🎉 \U0001d54f",
)

each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.label)


def message(titles: tuple[str, ...], *, sections: int = 1) -> ChannelMessage:
    papers = tuple(
        MessagePaper(title, f"https://arxiv.org/abs/2607.{n:05}?a=(x)&b=<y>|@x", f"{OURS}/paper/{n}", "12 here", title)
        for n, title in enumerate(titles)
    )
    labels = [f"{title} {n}" for n, title in zip(range(sections), titles, strict=False)]
    shown = tuple(MessageSection(label, papers, titles[0]) for label in labels)
    return ChannelMessage(titles[0], titles[0], shown, f"{OURS}/papers", 3)


def text_for(service: Service, content: ChannelMessage) -> str:
    return laid_out(content, service.markup, service.limit, service.measure, has_title=service.has_title)


@each_service
@pytest.mark.parametrize(
    "title",
    ["A Title of Usual Length, but with Many Words about Models", "量" * 60, "\N{PARTY POPPER}*_<&" * 16],
    ids=["usual", "wide", "hostile"],
)
def test_a_large_digest_is_cut_between_papers_within_the_limit(service: Service, title: str) -> None:
    content = message(tuple(f"{title} {n}" for n in range(150)), sections=3)
    text = text_for(service, content)
    assert service.measure(text) <= service.limit
    shown = text.count(f"{OURS}/paper/")
    assert 1 <= shown < 450
    assert f"and {450 - shown} more papers" in text
    assert f"{OURS}/papers" in text
    assert text.endswith("3 papers wait for the next digest")


@each_service
def test_a_small_digest_is_shown_whole(service: Service) -> None:
    text = text_for(service, message(("One Title", "Another Title")))
    assert text.count("https://arxiv.org/abs/") == 2
    assert "more paper" not in text


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.urls += [value or "" for name, value in attrs if name in ("href", "src")]


def links_in(html: str) -> _Links:
    parser = _Links()
    parser.feed(html)
    return parser


def are_ours(urls: list[str]) -> bool:
    return bool(urls) and all(url.startswith((f"{OURS}/", "https://arxiv.org/abs/")) for url in urls)


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_becomes_markup(title: str) -> None:
    content = message((title, title))
    for markup in (HTML, TELEGRAM):
        found = links_in(laid_out(content, markup, 10**6, len))
        assert found.tags <= {"a", "b", "br"}
        assert are_ours(found.urls)
    for markup in (MARKDOWN, TEAMS, DISCORD):
        text = laid_out(content, markup, 10**6, len)
        found = links_in(MarkdownIt("commonmark").render(text))
        assert found.tags <= {"a", "p", "strong", "ul", "li", "br"}, text
        assert are_ours(found.urls)
    slack = laid_out(content, SLACK, 10**6, len)
    assert are_ours(re.findall(r"<([^|>]*)[|>]", slack))
    for markup in (HTML, TELEGRAM, MARKDOWN, TEAMS, DISCORD, SLACK):
        text = laid_out(content, markup, 10**6, len)
        assert not re.search(r"@\w|(?<!https)://|(?<!\\)<[!@#t]|:smile:|www\.e", text.replace("<br/>", "")), text


@given(st.text(max_size=80))
def test_any_title_leaves_only_our_links(title: str) -> None:
    content = message((title or "x",))
    html = links_in(laid_out(content, HTML, 10**6, len))
    assert html.tags <= {"a", "b", "br"}
    assert are_ours(html.urls)
    assert are_ours(re.findall(r"<([^|>]*)[|>]", laid_out(content, SLACK, 10**6, len)))


def test_a_message_survives_its_json_and_is_readable_as_plain_text() -> None:
    content = message(HOSTILE[:2])
    assert decode_message(encode_message(content)) == content
    assert "  https://arxiv.org/abs/2607.00000" in plain_text(content)
