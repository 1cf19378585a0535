"""Lay a message out in a markup, with as many papers as a size allows. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from notifier.delivery.channels.markups import PLAIN, Markup
from notifier.delivery.channels.messages import ChannelMessage, MessagePaper, MessageSection
from notifier.digests.turns import shared_out
from notifier.text.counting import counted

Measure = Callable[[str], int]


def laid_out(message: ChannelMessage, markup: Markup, limit: int, measure: Measure, *, has_title: bool = False) -> str:
    """Return the text of a message, of at most `limit` by `measure`.

    If it has no room for all papers, the sections take turns, and the text ends with the number of the others: a
    paper is never cut in the middle. With `has_title`, the service shows the subject beside the text.
    """
    sizes = tuple([len(section.papers) for section in message.sections])
    low, high = 0, sum(sizes)  # `low` papers fit, or none do
    while low < high:
        middle = (low + high + 1) // 2
        if measure(_text(message, markup, shared_out(sizes, middle), has_title)) <= limit:
            low = middle
        else:
            high = middle - 1
    return _text(message, markup, shared_out(sizes, low), has_title)


def plain_text(message: ChannelMessage) -> str:
    """Return the whole message as plain text, for the terminal."""
    return _text(message, PLAIN, tuple([len(section.papers) for section in message.sections]), False)


def _text(message: ChannelMessage, markup: Markup, numbers: Sequence[int], has_title: bool) -> str:
    head = [] if has_title else [markup.bold(markup.text(message.subject))]
    blocks = [[*head, markup.text(message.opening)]]
    for section, number in zip(message.sections, numbers, strict=True):
        if number:
            blocks.append(_section(section, number, markup))
    left_out = sum(len(section.papers) for section in message.sections) - sum(numbers)
    if end := _end(message, left_out, markup):
        blocks.append(end)
    return (markup.line_end * 2).join(markup.line_end.join(block) for block in blocks)


def _section(section: MessageSection, number: int, markup: Markup) -> list[str]:
    label = section.label or "More papers"
    heading = markup.bold(markup.text(f"{label} ({len(section.papers)})"))
    note = [markup.text(section.note)] if section.note else []
    return [heading, *note, *[markup.bullet + _paper(each, markup) for each in section.papers[:number]]]


def _paper(paper: MessagePaper, markup: Markup) -> str:
    facts = [markup.text(each) for each in (f"▲ {paper.counts}" if paper.counts else "", paper.why) if each]
    title = markup.text(paper.title)
    if markup.link is None:
        urls = [paper.url, f"vote: {paper.page}" if paper.page else ""]
        return markup.line_end.join([" · ".join([title, *facts]), *[f"  {each}" for each in urls if each]])
    linked = markup.link(paper.url, title) if paper.url else title
    vote = [markup.link(paper.page, markup.text("vote"))] if paper.page else []
    return " · ".join([linked, *facts, *vote])


def _end(message: ChannelMessage, left_out: int, markup: Markup) -> list[str]:
    """Return the lines about papers that the message does not show."""
    lines = []
    if left_out:
        others = markup.text(f"and {counted(left_out, 'more paper')}")
        if message.more_url:
            others = markup.link(message.more_url, others) if markup.link else f"{others}: {message.more_url}"
        lines.append(others)
    if message.waiting:
        wait = "waits" if message.waiting == 1 else "wait"
        lines.append(markup.text(f"{counted(message.waiting, 'paper')} {wait} for the next digest"))
    return lines
