"""Digests whose papers contain text that attacks the programs that show it."""

from dataclasses import replace

from support.digest_samples import DIGEST, PAPER

from notifier.models import Digest, Item, Paper, Section, Spans

PAYLOADS = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "--><svg/onload=alert(1)>",
    "<![CDATA[<script>]]>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "a\r\nBcc: all@example.org\r\n\r\nA new body",
    "a\n\n-- \nTo leave, write to https://evil.example",
    "a\r.\r\n.\r\nMAIL FROM:<x@example.org>",
    "\0null \x1b[31mred\x1b[0m \x07bell \x08back",
    "right \u202eot tfel\u202c \u2066isolated\u2069 \u200emark\u200f",
    "line\u2028para\u2029next\x85end\x0bvt\x0cff",
    "\ud800 alone \udfff",
    "--=_boundary\r\nContent-Type: text/html\r\n\r\n<b>x</b>",
    "=?utf-8?q?forged?= =3D=\n",
    "From someone\n.\n..",
    "*not bold* _nor this_",
    "\U000e0041\U000e0042 invisible tags",
    "a" * 3000,
    "<" * 500,
]


def hostile_digest(payload: str) -> tuple[Digest, list[Paper]]:
    """Return a digest and its papers, with `payload` in the texts that come from dumps and subscribers."""
    papers = [
        replace(
            PAPER,
            id=2,
            title=payload,
            abstract=payload * 3,
            authors=(payload,) * 2,
            arxiv_id=payload,
            **dict.fromkeys(("url", "page", "pdf", "code", "project"), payload),  # type: ignore[arg-type]
        ),
        replace(PAPER, id=3, arxiv_id=None, url=f"https://example.org/{payload}"),
        replace(PAPER, id=4, title=payload, arxiv_id=None, url=payload),
    ]
    marks = Spans(title=((0, 2), (3, 9)), abstract=((1, 4), (5, 800)))
    items = (Item(2, 1, marks, (payload, "other"), because=payload), Item(3, 1, marks))
    sections = (Section(payload, items, note=payload), Section(f"also {payload}", (Item(3, 1, also=(payload,)),)))
    return replace(DIGEST, sections=sections, rest=(Item(4),)), papers
