"""The pages of the demo's inbox: they show mails from anybody, and nothing in a mail can do harm."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from notifier.delivery.inbox import HOST, Inbox
from notifier.webmail import bound, serving
from notifier.webmail.messages import headings, in_new_tabs, message, split_at_urls

HOME = "http://127.0.0.1:8000/"
PAGE = '<!doctype html><html><head lang="en"><title>T</title></head><body><a href="https://example.org/a">a</a></body>'


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(tmp_path / "mail") as started:
        yield started


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path / "mail", HOME, 0) as url, httpx.Client(base_url=url) as client:
        yield client


def send(inbox: Inbox, number: int, text: str = "Hello", page: str = PAGE) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Daily Papers <papers@example.org>", f"reader{number}@example.org"
    mail["Subject"], mail["Message-ID"] = f"Größe {number} <b>", f"<{number}@example.org>"
    mail["Date"] = "Mon, 06 Jul 2026 08:00:00 +0000"
    mail.set_content(text)
    if page:
        mail.add_alternative(page, subtype="html")
    with smtplib.SMTP(HOST, inbox.port) as relay:
        relay.send_message(mail)


def paths(client: httpx.Client) -> list[str]:
    """Return the paths of the mails in the list, from its top."""
    return [str(path) for path in html.document_fromstring(client.get("/").text).xpath("//h2/a/@href")]


def test_an_inbox_without_mails_says_so(client: httpx.Client) -> None:
    assert "There are no mails yet" in client.get("/").text


def test_the_mail_that_came_last_is_the_first_of_the_list(inbox: Inbox, client: httpx.Client) -> None:
    for number in (2, 3, 1):
        send(inbox, number)
    page = html.document_fromstring(client.get("/").text)
    assert page.xpath("//h2/a/text()") == [f"Größe {number} <b>" for number in (1, 3, 2)]
    item = " ".join(page.xpath("string(//li[h2])").split())
    assert "To reader1@example.org, from Daily Papers <papers@example.org>" in item
    assert "Mon, 06 Jul 2026 08:00:00 +0000" in item


def test_a_mail_is_shown_in_a_sandbox_with_links_that_open_in_a_new_tab(inbox: Inbox, client: httpx.Client) -> None:
    send(inbox, 1)
    (path,) = paths(client)
    (frame,) = html.document_fromstring(client.get(path).text).xpath("//iframe")
    assert set(frame.get("sandbox").split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
    shown = client.get(frame.get("src"))
    policy = shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy, "also if it is opened without the frame"
    assert '<head lang="en"><base target="_blank">' in shown.text
    assert "https://example.org/a" in shown.text


def test_the_text_of_a_mail_has_links_and_no_markup(inbox: Inbox, client: httpx.Client) -> None:
    send(inbox, 1, "<script>x</script> see https://example.org/a?b=1&c=2 or javascript:alert(1)")
    (path,) = paths(client)
    page = html.document_fromstring(client.get(f"{path}/text").text)
    assert page.xpath("//pre//@href") == ["https://example.org/a?b=1&c=2"]
    assert page.xpath("string(//pre)").startswith("<script>x</script> see https")


def test_a_mail_without_html_is_shown_as_text(inbox: Inbox, client: httpx.Client) -> None:
    send(inbox, 1, "only words", page="")
    page = client.get(paths(client)[0]).text
    assert "only words" in page
    assert "<iframe" not in page


def test_every_page_forbids_script_and_what_other_sites_have(inbox: Inbox, client: httpx.Client) -> None:
    send(inbox, 1)
    (path,) = paths(client)
    for address in ("/", path, f"{path}/text", f"{path}/html"):
        headers = client.get(address).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src"), address
        assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8001", "127.0.0.1.evil.example", ""])
def test_another_name_for_this_machine_is_refused(host: str, client: httpx.Client) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("path", ["/mails/none", "/mails/none/html", "/mails/..%2f..%2fconfig.toml", "/mails/"])
def test_what_is_no_mail_is_not_found(path: str, inbox: Inbox, client: httpx.Client) -> None:
    send(inbox, 1)
    assert client.get(path).status_code == 404


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with bound(0) as first, bound(first.getsockname()[1]) as second:
        assert first.getsockname() != second.getsockname()


@given(content=st.binary() | st.text(alphabet='FromTSubjectDae: =?utf-8B\r\n<>@;"/x').map(str.encode))
def test_any_file_in_the_maildir_can_be_shown(content: bytes) -> None:
    with TemporaryDirectory() as name:
        (Path(name) / "new").mkdir()
        (Path(name) / "new" / "0123456789abcdef.x").write_bytes(content)
        (heading,) = headings(Path(name))
        found = message(Path(name), heading.key)
        assert found is not None
        assert found.heading == heading


@given(text=st.text())
def test_no_text_is_lost_between_its_links(text: str) -> None:
    assert "".join(piece for piece, _ in split_at_urls(text)) == text
    assert in_new_tabs(text).replace('<base target="_blank">', "", 1) == text
