"""arXiv ids, in every form that dumps write them in.

https://info.arxiv.org/help/arxiv_identifier.html tells the two schemes; an old id is known without its subject class.
"""

from __future__ import annotations

import re

_ID = r"(\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{7})(?:v(\d{1,3}))?"
_PAGES = r"(?:arxiv|alphaxiv)\.org/(?:abs|pdf|html|format|ps)|huggingface\.co/papers"
_HOST = rf"https?://(?:[a-z]+\.)?(?:{_PAGES})/"
_DOI = r"(?:https?://(?:dx\.)?doi\.org/|doi:)?10\.48550/arxiv\."
_FORM = re.compile(rf"\s*(?:(?i:arxiv:\s?|oai:arxiv\.org:|{_HOST}|{_DOI}))?{_ID}(?:\.pdf)?/?(?:[?#]\S*)?\s*")
_SUBJECT_CLASS = re.compile(r"\.[A-Z]{2}(?=/)")


def arxiv_id(text: str) -> tuple[str, int | None] | None:
    """The id without version, and the version, of a text that is an arXiv id, or an address or DOI of one."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    return _SUBJECT_CLASS.sub("", found[1]), int(found[2]) if found[2] else None


def abstract_page(arxiv_id: str) -> str:
    """Where arXiv shows the newest version of the paper."""
    return f"https://arxiv.org/abs/{arxiv_id}"
