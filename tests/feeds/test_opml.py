"""The OPML list, from which feed readers import all feeds at once."""

from dataclasses import replace

from support.feed_samples import HOSTILE, ONLINE, PUBLISHER, entry, feed, xml

from notifier.feeds import Feed, Publisher, opml
from notifier.feeds.entries import printable


def outlines(feeds: list[Feed], publisher: Publisher = PUBLISHER) -> list[dict[str, str]]:
    """Write the list, assert that it is valid OPML 2.0, and return its outlines."""
    root = xml(opml(feeds, publisher))
    assert root.tag == "opml" and root.get("version") == "2.0"
    head, body = root
    assert (head.tag, body.tag) == ("head", "body") and head.findtext("title")
    found = [{str(name): str(value) for name, value in each.items()} for each in body]
    assert all(each.tag == "outline" for each in body)
    assert all(each["type"] == "rss" and each["text"] and each["title"] and each["xmlUrl"] for each in found)
    return found


def test_every_feed_is_listed_once_and_in_order() -> None:
    feeds = [Feed("all", "All papers", "", ()), feed(entry()), Feed("trending", "Trending", "", ())]
    assert [each["xmlUrl"] for each in outlines(feeds)] == [
        "all.atom",
        "quantization.atom",
        "trending.atom",
    ]


def test_without_a_web_site_the_list_refers_to_the_files_beside_it() -> None:
    assert outlines([feed()]) == [
        {
            "type": "rss",
            "text": "Quantization",
            "title": "Quantization",
            "description": "Fewer bits.",
            "xmlUrl": "quantization.atom",
        }
    ]


def test_with_a_web_site_the_list_refers_to_the_feeds_and_pages_there() -> None:
    (outline,) = outlines([feed()], replace(ONLINE, base_url="https://papers.example.org/"))
    assert outline["xmlUrl"] == "https://papers.example.org/feeds/quantization.atom"
    assert outline["htmlUrl"] == "https://papers.example.org/topics/quantization"


def test_markup_in_titles_is_escaped() -> None:
    found = outlines([Feed(f"topic-{number}", text, text, ()) for number, text in enumerate(HOSTILE)])
    assert [each["text"] for each in found] == [
        printable(text) or f"topic-{number}" for number, text in enumerate(HOSTILE)
    ]


def test_the_entries_of_a_feed_do_not_change_the_list() -> None:
    assert opml([feed(entry())], ONLINE) == opml([feed()], ONLINE)
