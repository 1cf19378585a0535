"""Small documents in every format with the same made-up papers."""

from __future__ import annotations

import json
from typing import Any

TITLES = ("Forgetful Graphs: Unlearning Edges", "Tracing Citations of Assistants", "A Corpus of Shell Commands")
IDS = ("2607.00001", "2607.00002", "2607.00003")
ABSTRACT = "We study {} in depth, and cost is below 5\\% of that of $\\alpha$-pruning."
CLEAN = "We study {} in depth, and cost is below 5% of that of α-pruning."


def daily_entry(number: int) -> dict[str, Any]:
    """Return one entry of the daily papers API."""
    paper = {
        "id": IDS[number],
        "authors": [{"_id": "x", "name": "Ann Lee", "hidden": False}, {"_id": "y", "name": "Bo Chen", "hidden": False}],
        "publishedAt": "2026-06-28T08:15:00.000Z",
        "submittedOnDailyAt": "2026-07-02T05:01:51.614Z",
        "title": TITLES[number].replace(" ", "\n  ", 1),
        "summary": ABSTRACT.format(number),
        "upvotes": 10 * number,
        "discussionId": "697c",
        "ai_summary": "A survey finds that\n unlearning costs $\\alpha$ little.",
        "ai_keywords": ["graph networks", "unlearning"],
        "githubRepo": "https://github.com/example/graphs",
        "githubStars": 12,
        "projectPage": "https://example.org/graphs",
    }
    return {"paper": paper, "publishedAt": "2026-07-01T03:15:00.000Z", "title": "Other", "numComments": 2}


def daily() -> list[dict[str, Any]]:
    """Return the daily papers API's answer for a day with three papers."""
    return [daily_entry(number) for number in range(3)]


def column(name: str) -> list[Any]:
    """Return the values of one field of the daily papers."""
    return [entry["paper"][name] for entry in daily()]


def line(number: int) -> dict[str, Any]:
    """Return one paper as an object of JSON lines."""
    return {"id": IDS[number], "title": TITLES[number], "abstract": ABSTRACT.format(number), "authors": ["Ann Lee"]}


def json_lines() -> str:
    """Return three papers as JSON lines."""
    return "".join(json.dumps(line(number)) + "\n" for number in range(3))


def rss(*kinds: str) -> str:
    """Return a feed as rss.arxiv.org serves it, with one entry for each of these kinds of announcement."""
    items = "".join(
        f"""<item><title>{TITLES[number]}</title><link>https://arxiv.org/abs/{IDS[number]}</link>
<description>arXiv:{IDS[number]}v2 Announce Type: {kind} &#xA;Abstract: {ABSTRACT.format(number)}</description>
<guid isPermaLink="false">oai:arXiv.org:{IDS[number]}v2</guid><category>cs.LG</category><category>cs.AI</category>
<pubDate>Mon, 06 Jul 2026 00:00:00 -0400</pubDate><arxiv:announce_type>{kind}</arxiv:announce_type>
<dc:creator>Ann Lee (Example, Inc), Bo Chen</dc:creator></item>\n"""
        for number, kind in enumerate(kinds)
    )
    return f"""<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
 version="2.0"><channel><title>cs.LG updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.LG</link>
<pubDate>Mon, 06 Jul 2026 00:00:00 -0400</pubDate>
{items}</channel></rss>"""


def atom() -> str:
    """Return a feed with one entry as rss.arxiv.org serves it in Atom."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns="http://www.w3.org/2005/Atom"><id>http://rss.arxiv.org/atom/cs.LG</id><updated>2026-07-06T04:00:00+00:00</updated>
<entry><id>oai:arXiv.org:{IDS[0]}v1</id><title>{TITLES[0]}</title><updated>2026-07-06T04:00:00+00:00</updated>
<link href="https://arxiv.org/abs/{IDS[0]}" rel="alternate" type="text/html"/>
<summary>arXiv:{IDS[0]}v1 Announce Type: cross \nAbstract: {ABSTRACT.format(0)}</summary><category term="cs.LG"/>
<published>2026-07-06T00:00:00-04:00</published><arxiv:announce_type>cross</arxiv:announce_type>
<dc:creator>Ann Lee, Bo Chen</dc:creator></entry></feed>"""


def api(entries: str | None = None) -> str:
    """Return an answer of the arXiv API with these entries, or with one paper if none are given."""
    paper = f"""<entry><id>http://arxiv.org/abs/{IDS[0]}v3</id><title>{TITLES[0]}</title>
<updated>2026-07-03T08:18:33Z</updated><published>2026-06-28T08:18:33Z</published>
<link href="https://arxiv.org/abs/{IDS[0]}v3" rel="alternate" type="text/html"/>
<link href="https://arxiv.org/pdf/{IDS[0]}v3" rel="related" type="application/pdf" title="pdf"/>
<summary>{ABSTRACT.format(0)}</summary><category term="cs.AI"/><category term="cs.LG"/>
<arxiv:primary_category term="cs.LG"/><arxiv:comment>9 pages, 2 figures</arxiv:comment>
<arxiv:doi>10.1000/xyz</arxiv:doi>
<author><name>Ann Lee</name></author><author><name>Bo Chen</name></author></entry>"""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"
 xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/x</id><title>arXiv Query: all:graphs</title>
<updated>2026-07-06T22:09:26Z</updated><opensearch:totalResults>1</opensearch:totalResults>
{paper if entries is None else entries}</feed>"""


def oai(*records: str) -> str:
    """Return a page of OAI-PMH with these records."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-07-06T00:35:38Z</responseDate>
<request verb="ListRecords">http://export.arxiv.org/oai2</request><ListRecords>{"".join(records)}
<resumptionToken cursor="0">1|1001</resumptionToken></ListRecords></OAI-PMH>"""


def oai_record(metadata: str, number: int = 0, status: str = "") -> str:
    """Return an OAI-PMH record with this metadata. `status` is a header attribute, such as ` status="deleted"`."""
    body = f"<metadata>{metadata}</metadata>" if metadata else ""
    header = f"<identifier>oai:arXiv.org:{IDS[number]}</identifier><datestamp>2026-07-03</datestamp>"
    return f"<record><header{status}>{header}</header>{body}</record>"


OAI_ARXIV = f"""<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{IDS[0]}</id><created>2026-06-28</created>
<updated>2026-07-03</updated><authors><author><keyname>Lee</keyname><forenames>Ann</forenames></author>
<author><keyname>Chen</keyname><forenames>Bo</forenames><suffix>Jr</suffix></author></authors><title>{TITLES[0]}</title>
<categories>cs.LG cs.AI</categories><comments>9 pages</comments><doi>10.1000/xyz</doi>
<abstract>  {ABSTRACT.format(0)}\n</abstract></arXiv>"""
OAI_RAW = f"""<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{IDS[0]}</id><submitter>Ann Lee</submitter>
<version version="v1"><date>Sun, 28 Jun 2026 20:00:00 GMT</date><size>10kb</size><source_type>D</source_type></version>
<version version="v2"><date>Fri, 3 Jul 2026 20:00:00 GMT</date><size>0kb</size><source_type>I</source_type></version>
<title>{TITLES[0]}</title><authors>Ann Lee, Bo Chen and Cy Young</authors><categories>cs.LG</categories>
<abstract>{ABSTRACT.format(0)}</abstract></arXivRaw>"""
OAI_DC = f"""<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>{TITLES[0]}</dc:title><dc:creator>Lee, Ann</dc:creator><dc:creator>Chen, Bo</dc:creator>
<dc:subject>Computer Science - Machine Learning</dc:subject><dc:description>{ABSTRACT.format(0)}</dc:description>
<dc:description>Comment: 9 pages</dc:description><dc:date>2026-06-28</dc:date><dc:date>2026-07-03</dc:date>
<dc:identifier>http://arxiv.org/abs/{IDS[0]}</dc:identifier><dc:identifier>doi:10.1000/xyz</dc:identifier></oai_dc:dc>"""

OTHER_RSS = f"""<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>A Journal</title><lastBuildDate>Mon, 06 Jul 2026 08:00:00 GMT</lastBuildDate>
<item><title>{TITLES[0]}</title><link>https://journal.example.org/1</link><guid>doi:10.1000/xyz</guid>
<description>&lt;p&gt;We study graphs &amp;amp; trees.&lt;/p&gt;</description><dc:creator>Ann Lee</dc:creator></item>
<item><title></title></item></channel></rss>"""
