"""URLs have one meaning, and messages show them without secrets."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import FetchError
from notifier.fetching import shown_url
from notifier.fetching.urls import ParsedUrl, read_url


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("https://Papers.Example.org", ParsedUrl("https", "papers.example.org", 443, "/")),
        ("HTTP://papers.example.org.:80/a?b=c#d", ParsedUrl("http", "papers.example.org", 80, "/a?b=c")),
        ("https://papers.example.org:8443?x", ParsedUrl("https", "papers.example.org", 8443, "/?x")),
        ("https://[2001:DB8::1]/", ParsedUrl("https", "2001:db8::1", 443, "/")),
        ("https://192.0.2.1/é?q=ü%20ß", ParsedUrl("https", "192.0.2.1", 443, "/%C3%A9?q=%C3%BC%20%C3%9F")),
        ("https://Bücher.example/", ParsedUrl("https", "xn--bcher-kva.example", 443, "/")),
        ("https://①②⑦.⓪.⓪.①/", ParsedUrl("https", "127.0.0.1", 443, "/")),
        ("https://127。0。0。1/", ParsedUrl("https", "127.0.0.1", 443, "/")),
        ("https://a_b.example.org/%0d%0aX", ParsedUrl("https", "a_b.example.org", 443, "/%0d%0aX")),
    ],
)
def test_a_url_is_read(url: str, parsed: ParsedUrl) -> None:
    assert read_url(url) == parsed


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        *(
            (f"https://{host}/", "is a number")
            for host in ("2130706433", "0x7f000001", "127.1", "0177.0.0.1", "1.2.3.4.5")
        ),
        *((f"https://{host}/", "is a number") for host in ("0x7f.0.0.1", "a.0", "256.1.1.1")),
        ("https://٣.٣/", "is no name that can be looked up"),
        ("https://user@host/", "user name or a password"),
        ("https://:hunter2@host/", "user name or a password"),
        ("https://host\\@other/", "a backslash, a space or a control character"),
        ("https://ho st/", "a backslash, a space or a control character"),
        ("https://host/\r\nX: y", "a backslash, a space or a control character"),
        ("https://host/\u202e", "a backslash, a space or a control character"),
        ("https://host:0/", "port 0"),
        ("https://host:65536/", "no readable host and port"),
        ("https://host:x/", "no readable host and port"),
        ("https://[::1/", "no readable host and port"),
        ("https://[fe80::1%25eth0]/", "no host, or one that is no name"),
        ("https:///path", "no host"),
        ("https://..", "no host"),
        ("https://-a.example/", "no host"),
        ("https://%6cocalhost/", "no host"),
        ("https://" + "a" * 64 + ".example/", "no host"),
        ("ftp://host/", "does not begin with https://"),
        ("host/path", "does not begin with https://"),
        ("", "does not begin with https://"),
        ("https://host/" + "x" * 5000, "more than 4000 characters"),
    ],
)
def test_what_has_more_than_one_meaning_is_refused_in_words(url: str, reason: str) -> None:
    with pytest.raises(FetchError) as caught:
        read_url(url)
    assert reason in str(caught.value) and "; " in str(caught.value) and "hunter2" not in str(caught.value)


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["https://", "https://a.example/", "http://a.b?"]))
def test_a_url_that_is_read_can_be_requested(host: str, rest: str, start: str) -> None:
    try:
        parsed = read_url(f"{start}{host}/{rest}")
    except FetchError:
        return
    assert parsed.whole.isascii() and read_url(parsed.whole) == parsed
    asked = httpx2.URL(scheme=parsed.scheme, host="192.0.2.1", port=parsed.port, raw_path=parsed.target.encode())
    assert (asked.host, asked.raw_path) == ("192.0.2.1", parsed.target.encode())


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://export.arxiv.org/api/query?search_query=cat:cs.LG&start=0", None),
        ("https://huggingface.co/api/daily_papers?date=2026-07-06&limit=100", None),
        ("https://api.biorxiv.org/details/biorxiv/2026-07-01/2026-07-02/0", None),
        ("https://papers.example.org/feeds/retrieval-augmented-generation.atom", None),
        ("https://a.example/?verb=ListRecords&metadataPrefix=arXiv&resumptionToken=1234|56", "resumptionToken=***"),
        ("https://a.example/?api_key=hunter2", "https://a.example/?api_key=***"),
        ("https://a.example/?sig=hunter2&X-Amz-Signature=hunter2", "https://a.example/?sig=***&X-Amz-Signature=***"),
        ("https://a.example/?hunter2=&=hunter2", "https://a.example/?hunter2=***&=***"),
        ("https://a.example/feeds/private/0123456789abcdef0123.atom", "https://a.example/feeds/private/***"),
        ("https://a.example/hooks/Zm9vYmFyYmF6cXV4MTIz", "https://a.example/hooks/***"),
        ("https://a.example/a7_Kd-92xQ_pLm-3RtVw", "https://a.example/***"),
        ("https://a.example/b2b0c2e4-8a77-4f3e-9d65-0c1f0a9b7d11/x", "https://a.example/***/x"),
        ("https://a.example/#hunter2", "https://a.example/"),
        ("https://ann:hunter2@a.example/", "an unreadable URL"),
    ],
)
def test_secrets_are_not_shown(url: str, text: str | None) -> None:
    assert (text or url) in shown_url(url)


def test_a_long_address_is_shortened() -> None:
    assert len(shown_url("https://a.example/" + "x/" * 1000)) == 120
