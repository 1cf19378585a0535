"""Parse arXiv ids in all the forms in which dumps contain them.

https://info.arxiv.org/help/arxiv_identifier.html describes the two schemes. The subject class of an old id is dropped:
`math.GT/0309136` is the paper `math/0309136`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ID = r"(\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{7})(?:v(\d{1,3}))?"
_PAGES = r"(?:arxiv|alphaxiv)\.org/(?:abs|pdf|html|format|ps)|huggingface\.co/papers"
_HOST = rf"https?://(?:[a-z]+\.)?(?:{_PAGES})/"
_DOI = r"(?:https?://(?:dx\.)?doi\.org/|doi:)?10\.48550/arxiv\."
_FORM = re.compile(rf"\A\s*(?:(?i:arxiv:\s?|oai:arxiv\.org:|{_HOST}|{_DOI}))?{_ID}(?:\.pdf)?/?(?:[?#]\S*)?\s*")
_SUBJECT_CLASS = re.compile(r"\.[A-Z]{2}(?=/)")


class VersionedId(NamedTuple):
    """An arXiv id without version, and the version if one was given."""

    arxiv_id: str
    version: int | None


def parse_arxiv_id(text: str) -> VersionedId | None:
    """Return the arXiv id of a text that is an arXiv id, or a URL or DOI with one; return None for any other text."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    return VersionedId(_SUBJECT_CLASS.sub("", found[1]), int(found[2]) if found[2] else None)


def abstract_url(arxiv_id: str) -> str:
    """Return the URL of arXiv's page about the newest version of a paper."""
    return f"https://arxiv.org/abs/{arxiv_id}"
