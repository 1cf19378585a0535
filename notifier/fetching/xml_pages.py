"""Join the XML pages of a list into one document.

The pages are not parsed: their records are cut out and put into the first page. The content of a record is only checked
when the document is parsed as a dump.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def elements(page: bytes, name: str) -> list[tuple[int, int]]:
    """Return the start and the end of each element with this name, with or without a namespace prefix."""
    tag = rb"(?:[\w.-]{1,30}:)?" + re.escape(name.encode())
    starts = [found.start() for found in re.finditer(rb"<" + tag + rb"(?=[\s>])", page)]
    ends = [found.end() for found in re.finditer(rb"</" + tag + rb"\s*+>", page)]
    places = []
    last = 0
    for start in starts:
        while last < len(ends) and ends[last] <= start:
            last += 1
        if last == len(ends):
            break
        places.append((start, ends[last]))
    return places


def records_by_id(page: bytes, name: str, id_name: str) -> dict[bytes, bytes]:
    """Return the elements `name`. The key of each is the text of its element `id_name`, or else the whole element."""
    records = [page[start:end] for start, end in elements(page, name)]
    return {_id(record, id_name): record for record in records}


def _id(record: bytes, id_name: str) -> bytes:
    found = re.search(
        rb"<(?:[\w.-]{1,30}:)?" + re.escape(id_name.encode()) + rb"(?:\s[^<>]{0,300})?>([^<]{0,300})<", record
    )
    return found[1].strip() if found else record


def with_records(page: bytes, name: str, records: Sequence[bytes]) -> bytes:
    """Return a page with these records in place of its own. A page without records of its own is returned as it is."""
    places = elements(page, name)
    if not places:
        return page
    return page[: places[0][0]] + b"\n".join(records) + page[places[-1][1] :]
