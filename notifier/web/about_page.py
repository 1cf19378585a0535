"""What search engines, feed readers and other sites are told about a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.topics import RESERVED
from notifier.web.site import Site, feed_links


@dataclass(frozen=True, slots=True)
class AboutPage:
    """The title and description of a page, its own URL, and the feeds that it offers.

    `url` is empty without a base URL. `feeds` are pairs of a media type and a URL.
    """

    title: str
    description: str
    url: str = ""
    feeds: Sequence[tuple[str, str]] = ()
    feed_title: str = ""
    is_indexed: bool = True


def about_page(  # noqa: PLR0913 - texts, which are told apart by their names
    site: Site, title: str, description: str, path: str, topic: str = "", *, is_indexed: bool = True
) -> AboutPage:
    """Return what is told about the page at `path`, which offers the feeds of the topic with this slug.

    Search engines leave out a page that is not `is_indexed`, such as the second page of a list.
    """
    url = f"{site.origin}{site.root}{path}" if site.origin else ""
    feeds = feed_links(site, topic) if topic else ()
    feed_title = RESERVED.get(topic) or site.mail.topics.get(topic, "")
    return AboutPage(title, description, url, feeds, feed_title, is_indexed)
