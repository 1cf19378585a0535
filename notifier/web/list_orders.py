"""The order and the page of a list that a request asks for, and the URLs of its other orders and pages.

A page is named by its mark: a few numbers, joined by full stops, that tell where it begins. If the list is
sorted by a key, such as the listing day, the numbers are the key of the last paper on the page before. If the list is a
ranking, they name the ranking and a place in it (see `notifier.web.rankings`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from notifier.models import ListOrder
from notifier.web.forms import Form

_MARK = re.compile(r"-?[0-9]{1,18}(?:\.-?[0-9]{1,18}){0,5}+")

PageMark = tuple[int, ...]


class OrderLink(NamedTuple):
    """An order of a list, and the URL of the list in this order."""

    order: ListOrder
    url: str


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page of a list at `path`, in one of its `orders`, the first of which is the usual one.

    `fields` are further fields of the URL. `after` is the mark as the URL has it; it is empty for the first page.
    """

    path: str
    orders: Sequence[ListOrder]
    order: ListOrder
    after: str
    fields: Sequence[tuple[str, str]] = ()

    @property
    def is_first(self) -> bool:
        """Whether the first page is requested."""
        return not self.after

    @property
    def is_usual(self) -> bool:
        """Whether the first page in the usual order is requested. Search engines may show only this one."""
        return self.is_first and self.order == self.orders[0]

    def url(self, order: ListOrder, mark: PageMark | None = None) -> str:
        """Return the URL of the list in this order; with a mark, that of the page that begins there."""
        fields = [*self.fields]
        if order != self.orders[0]:
            fields.append(("order", order.value))
        if mark is not None:
            fields.append(("after", ".".join(map(str, mark))))
        return f"{self.path}?{urlencode(fields)}" if fields else self.path

    def following(self, mark: PageMark | None) -> str:
        """Return the URL of the next page, which begins at this mark; empty if there is none."""
        return self.url(self.order, mark) if mark is not None else ""

    @property
    def links(self) -> Sequence[OrderLink]:
        """The list in each of its orders."""
        return [OrderLink(each, self.url(each)) for each in self.orders]


def read_page_request(
    form: Form, path: str, orders: Sequence[ListOrder], fields: Sequence[tuple[str, str]] = ()
) -> PageRequest:
    """Return the request in the fields of a URL. Its order is the usual one if they name no order of this list."""
    order = next((each for each in orders if each == form.one("order")), orders[0])
    return PageRequest(path, orders, order, form.one("after"), fields)


def numbers_of(mark: str, count: int) -> PageMark | None:
    """Return the numbers of a mark that has `count` numbers; None for any other text."""
    numbers = tuple(map(int, mark.split("."))) if _MARK.fullmatch(mark) else ()
    return numbers if len(numbers) == count else None
