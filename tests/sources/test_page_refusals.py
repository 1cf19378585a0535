"""Texts that are not pages of papers are refused, with a message that says why and what to do."""

from __future__ import annotations

import pytest
from support.page_samples import Layout, seed_papers

from notifier.errors import DumpError
from notifier.sources import parse_dump

NOVEL = """CHAPTER I. Down the Rabbit-Hole

Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or twice
she had peeped into the book her sister was reading, but it had no pictures or conversations in it.

So she was considering in her own mind, as well as she could, for the hot day made her feel very sleepy and stupid,
whether the pleasure of making a daisy-chain would be worth the trouble of getting up and picking the daisies.

There was nothing so very remarkable in that; nor did Alice think it so very much out of the way to hear the Rabbit say
to itself that it would be late.
"""
ESSAY = """On the Duty of Civil Disobedience
I heartily accept the motto, that government is best which governs least; and I should like to see it acted up to more
rapidly and systematically. Carried out, it finally amounts to this, which also I believe.
Government is at best but an expedient; but most governments are usually, and all governments are sometimes,
inexpedient. The objections which have been brought against a standing army may also at last be brought against a
government.
"""
POEM = """The Road Not Taken

Two roads diverged in a yellow wood,
And sorry I could not travel both
And be one traveler, long I stood
And looked down one as far as I could
To where it bent in the undergrowth;

Then took the other, as just as fair,
And having perhaps the better claim,
Because it was grassy and wanted wear;
Though as for that the passing there
Had worn them really about the same,
"""
README = """# Frobnicator

A small tool that frobnicates widgets quickly and reliably.

## Installation

To install the latest release, run the following command in your terminal.

    pip install frobnicator

## Usage

Frobnicator is used from the command line. It reads widgets from standard input and writes them to standard output.

## License

This project is licensed under the MIT License.
"""
LICENCE = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files, to deal in the Software without restriction, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies of the Software.
"""
SOURCE = """import os
from pathlib import Path

def main(folder: Path) -> None:
    for path in folder.iterdir():
        print(path)

class Walker(object):
    def walk(self):
        return os.walk(".")
"""
C_SOURCE = """#include <stdio.h>

int main(void) {
    printf("hello");
    return 0;
}
"""
LOG = """2026-07-06 10:00:01,123 INFO server: Starting server on port 8000
2026-07-06 10:00:02,456 WARNING db: Connection pool is almost exhausted
2026-07-06 10:00:05,789 ERROR web: Unhandled exception in request handler
2026-07-06 10:00:06,000 INFO server: Request finished in 12 ms
"""
MAIL = """From: Anna Example <anna@example.org>
To: team@example.org
Subject: Meeting notes
Date: Mon, 6 Jul 2026 10:00:00 +0200

Hi all,

thanks for joining today. We agreed on the following points. Please reply by Friday if something is missing.

Release plan
We will ship version 2 on Thursday, after the last tests are green.
"""
NEWS = """Council approves new bridge
The city council voted on Tuesday to approve the construction of a new bridge over the river.
Storm warning for the coast
The weather service has issued a storm warning for the coast until Thursday evening.
Local team wins derby
The local team won the derby with two late goals in front of a record crowd.
"""
QUESTIONS = """How do I reset my password?
Click on "Forgot password" on the login page and follow the link that we send you by mail.
Where can I find my invoices?
Your invoices are listed in your account settings under "Billing". You can download them as PDF.
"""
TABLE = 'title,abstract,year\nNeural Turing Machines,"We extend the capabilities of neural networks.",2014\n'
BIBTEX = "@article{graves2014,\n  title={Neural Turing Machines},\n  author={Graves, Alex}\n}\n"
HTML = f"<!DOCTYPE html><html><body><h3>{seed_papers()[1][0]}</h3><p>{seed_papers()[1][1]}</p></body></html>"
TITLES = "\n".join(title for title, _ in seed_papers()[:30])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n\t\r\n\ufeff", "it is empty"),
        (NOVEL, "it uses words such as"),
        (ESSAY, "does not read like research"),
        (POEM, "does not read like research"),
        (README, "does not read like research"),
        (LICENCE, "does not read like research"),
        (SOURCE, "it is source code"),
        (C_SOURCE, "it is source code"),
        (LOG, "does not read like research"),
        (MAIL, "it is a mail"),
        (NEWS, "does not read like research"),
        (QUESTIONS, "does not read like research"),
        (TABLE, "it is a table"),
        (BIBTEX, "it is LaTeX or BibTeX"),
        (HTML, "it is an HTML or XML document"),
        (TITLES, "it has too few titles with an abstract below them"),
        (seed_papers()[0][1], "it has too few titles with an abstract below them"),
        ("a\n" * 200_001, "it has more than 200,000 lines"),
    ],
)
def test_a_text_that_is_not_a_page_of_papers_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DumpError, match=reason) as refused:
        parse_dump(text.encode())
    assert str(refused.value).startswith("this is not a dump: ")
    assert str(refused.value).endswith("; copy the text of a page that lists papers")


def test_binary_bytes_are_refused() -> None:
    with pytest.raises(DumpError, match="not a text"):
        parse_dump(bytes(range(256)) * 8)


def test_a_page_whose_first_title_contains_markup_is_read() -> None:
    title = "<think> Tokens: When Do Language Models Need {Braces}?"
    page = Layout().render([(title, seed_papers()[1][1]), *seed_papers()[2:4]], above=["Daily Papers"])
    assert parse_dump(page.encode()).listings[0].title == title
