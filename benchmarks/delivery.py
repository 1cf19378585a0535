"""Part `delivery`: compare the CPU time of making mails in notifier and in code that uses common libraries.

All contenders make mails of the same digests, papers and templates. The slow contenders make one mail in fifty, spread
evenly over the subscribers. Reading the digests from their rows is not timed. For all contenders, the garbage collector
runs as rarely as it does while notifier sends.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from itertools import islice
from pathlib import Path

from css_inline import CSSInliner
from jinja2 import DictLoader, Environment

from benchmarks.digests import SETTINGS, digests, papers_of_a_day
from benchmarks.measuring import interleaved, print_comparison
from benchmarks.whole_mails import WholeMails
from notifier.digests import items
from notifier.digests.cache import Cache
from notifier.garbage import collecting_seldom
from notifier.mail import Composer
from notifier.mail.stylesheet import FILES, Stylesheet
from notifier.models import Digest, Item, Paper, Section
from notifier.sending.run import COMPOSE_BATCH
from notifier.templates import environment

Read = Callable[[str], tuple[tuple[Section, ...], tuple[Item, ...]]]
Make = Callable[[Digest], bytes]
MakeAll = Callable[[list[Digest]], object]

TEMPLATES = {"30 kB": "lean", "80 kB": "tables"}
TOGETHER = COMPOSE_BATCH  # this many digests are read at once
FEWER = 50  # a slow contender makes only one mail in this many
POLICY = SMTP.clone(max_line_length=998)  # with shorter lines, EmailMessage encodes the URLs of List-Unsubscribe
OURS = "notifier"


def run() -> None:
    """Print the CPU time of a mail of each size."""
    for size in TEMPLATES:
        figures = interleaved("benchmarks.delivery", {name: [name, size] for name in (OURS, *OTHERS)})
        print_comparison(f"delivery: composing mails of {size}, CPU microseconds", figures, OURS)


def one_round(name: str, size: str) -> float:
    """Return the CPU microseconds of a mail."""
    papers = papers_of_a_day()
    rows = [_row(digest) for digest in digests(papers)]
    templates = environment(Path(__file__).parent / "templates" / TEMPLATES[size])
    read, make_all = by_notifier(templates, papers) if name == OURS else one_by_one(OTHERS[name](templates, papers))
    rows = rows if name == OURS else rows[::FEWER]
    make_all([_digest(*rows[0], read)])  # so that reading the templates is not timed
    used = 0.0
    with collecting_seldom():
        for some in _batches(rows):
            together = [_digest(*row, read) for row in some]
            before = time.process_time()
            make_all(together)
            used += time.process_time() - before
    return used / len(rows) * 1_000_000


def _row(digest: Digest) -> tuple[Digest, str]:
    """Return a digest without its items, and the text of its items."""
    return replace(digest, sections=(), rest=()), items.encode(digest.sections, digest.rest)


def _digest(row: Digest, text: str, read: Read) -> Digest:
    sections, rest = read(text)
    return replace(row, sections=sections, rest=rest)


def _batches(rows: list[tuple[Digest, str]]) -> Iterator[list[tuple[Digest, str]]]:
    waiting = iter(rows)
    while some := list(islice(waiting, TOGETHER)):
        yield some


def by_notifier(templates: Environment, papers: dict[int, Paper]) -> tuple[Read, MakeAll]:
    """Return the functions with which notifier reads items and makes mails; its caches are empty at the start."""
    composer = Composer(SETTINGS, templates)
    return composer.read_items, lambda digests: composer.compose_all([(digest, "") for digest in digests], papers)


def one_by_one(make: Make) -> tuple[Read, MakeAll]:
    """Return the functions of a contender that makes one mail at a time: to read items, and to make mails."""
    return items.decode, lambda digests: [make(digest) for digest in digests]


def by_hand(templates: Environment, papers: dict[int, Paper]) -> Make:
    """Return a function that makes each mail on its own, with Jinja, css-inline and EmailMessage."""
    whole = WholeMails(SETTINGS, templates)
    inliner = CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)

    def make(digest: Digest) -> bytes:
        text, page = whole.bodies(digest, papers)
        message = _message(digest, whole)
        message.set_content(text)
        message.add_alternative(inliner.inline(page), subtype="html")
        return message.as_bytes()

    return make


def by_careful_hand(templates: Environment, papers: dict[int, Paper]) -> Make:
    """Return the fastest function with these libraries: styles are inlined beforehand, and bodies are in base64."""
    whole = WholeMails(SETTINGS, _inlined(templates))

    def make(digest: Digest) -> bytes:
        text, page = whole.bodies(digest, papers)
        message = _message(digest, whole)
        message.set_content(text, cte="base64")
        message.add_alternative(page, subtype="html", cte="base64")
        return message.as_bytes()

    return make


def _inlined(templates: Environment) -> Environment:
    """Return the templates with their styles in the elements."""
    assert templates.loader is not None
    stylesheet = Stylesheet(templates, Cache(1 << 20))
    sources = {name: templates.loader.get_source(templates, name)[0] for name in templates.list_templates()}
    pages = {name: stylesheet.inline(source) for name, source in sources.items() if name.endswith(".html.j2")}
    return templates.overlay(
        loader=DictLoader({**sources, **pages, **dict.fromkeys(FILES, ""), FILES[0]: stylesheet.kept})
    )


def _message(digest: Digest, whole: WholeMails) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["Date"] = digest.planned_at
    message["From"] = SETTINGS.sender
    message["To"] = digest.recipient
    message["Subject"] = digest.subject
    message["Message-ID"] = digest.message_id
    message["List-Id"] = "Daily Papers <papers.example.org>"
    values = whole.values(digest)
    message["List-Unsubscribe"] = f"<{values['unsubscribe_page']}>, <{values['unsubscribe_url']}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-Post"] = "NO"
    message["Precedence"] = "bulk"
    message["Auto-Submitted"] = "auto-generated"
    return message


OTHERS: dict[str, Callable[[Environment, dict[int, Paper]], Make]] = {
    "Jinja, css-inline, EmailMessage": by_hand,
    "the same, styles inlined beforehand, base64": by_careful_hand,
}

if __name__ == "__main__":
    print(json.dumps(one_round(*sys.argv[1:])))
