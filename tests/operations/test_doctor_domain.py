"""The doctor's look at the sender's domain, with a real name server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.name_server import FAIL, SOUND, Records, name_server
from support.service import MONDAY

from notifier.config import Config, MailConfig, SmtpConfig
from notifier.operations.doctor import domain
from notifier.operations.doctor.findings import CannotTellError, Finding
from notifier.operations.doctor.names import Answer, Names
from notifier.operations.doctor.setup import Setup
from notifier.operations.doctor.spf import Evaluation, SpfError, SpfResult

Check = Callable[[Setup, Names], Iterator[Finding]]


def setup_with(envelope: str = "", relay: str = "127.0.0.1") -> Setup:
    mail = MailConfig(sender="Papers <papers@example.org>", envelope=envelope, transport="smtp")
    return Setup(Config(mail=mail, smtp=SmtpConfig(host=relay)), None, MONDAY)


def found(check: Check, changes: Records, setup: Setup | None = None) -> list[tuple[str, str]]:
    """Return the states and sentences of a check, with these records in place of sound ones."""
    with name_server({**SOUND, **changes}) as resolver:
        return [(str(each.state), each.what) for each in check(setup or setup_with(), Names(resolver))]


def spf(record: str, **others: Records) -> Records:
    return {"example.org": {"MX": ("10 mail.example.org.",), "TXT": (f'"{record}"',)}, **others.get("more", {})}


def test_sound_records_are_well() -> None:
    for check in (domain.check_mx, domain.check_dkim, domain.check_dmarc):
        assert {state for state, _ in found(check, {})} == {"ok"}
    (policy, covered) = found(domain.check_spf, {})
    assert policy == ("ok", "v=spf1 mx ip4:192.0.2.0/24 -all")
    assert covered[0] == "skipped"
    assert "no public IP address" in covered[1]


@pytest.mark.parametrize(
    ("records", "state", "said"),
    [
        ({"MX": ("0 .",)}, "fault", "the domain says that it takes no mail, so answers and bounces cannot arrive"),
        ({"A": ("192.0.2.1",)}, "warning", "there is none, so answers and bounces go to the host example.org itself"),
        ({"TXT": ('"x"',)}, "fault", "there is no MX record, so answers and bounces cannot arrive"),
        ({"MX": ("5 lost.example.net.",)}, "fault", "none of its hosts has an IP address: lost.example.net"),
        ({"MX": ("5 lost.example.net.", "9 mail.example.org.")}, "warning", "lost.example.net has no IP address"),
    ],
)
def test_mail_that_cannot_come_back_is_found(records: dict[str, tuple[str, ...]], state: str, said: str) -> None:
    assert found(domain.check_mx, {"example.org": records}) == [(state, said)]


def test_the_domain_of_the_envelope_is_asked_for_too() -> None:
    said = found(domain.check_mx, {}, setup_with("bounces@example.net"))
    assert said == [("ok", "mail.example.org"), ("fault", "there is no such domain, so bounces cannot arrive")]


LOOP = {"loop.example.org": {"TXT": ('"v=spf1 include:loop.example.org -all"',)}}
MANY = {f"n{n}.example.org": {"TXT": (f'"v=spf1 include:n{n + 1}.example.org -all"',)} for n in range(12)}


@pytest.mark.parametrize(
    ("record", "more", "said"),
    [
        ("v=spf1 +all", {}, "anybody may send mail"),
        ("v=spf1 ip4:192.0.2.300 -all", {}, "which is no network"),
        ("v=spf1 ip4:2001:db8::/32 -all", {}, "no network of ip4"),
        ("v=spf1 ipv4:192.0.2.1 -all", {}, "'ipv4', which SPF does not know"),
        ("v=spf1 include:nowhere.example -all", {}, "nowhere.example has no SPF record"),
        ("v=spf1 include:loop.example.org -all", LOOP, "includes itself"),
        ("v=spf1 include:n0.example.org -all", MANY, "more than 10 questions"),
        ("v=spf1 a:x.example a:y.example a:z.example -all", {}, "more than 2 hosts that do not exist"),
        ("v=spf1 =x -all", {}, "cannot be read"),
    ],
)
def test_a_faulty_spf_record_is_a_fault(record: str, more: Records, said: str) -> None:
    (first, *_) = found(domain.check_spf, spf(record, more=more))
    assert first[0] == "fault"
    assert said in first[1]


def test_two_spf_records_are_a_fault_and_one_without_an_end_is_a_warning() -> None:
    two = {"example.org": {"TXT": ('"v=spf1 -all"', '"v=spf1 mx -all"')}}
    assert found(domain.check_spf, two)[0] == (
        "fault",
        "example.org has 2 SPF records, and receivers then ignore them all",
    )
    assert found(domain.check_spf, spf("v=spf1 mx"))[0][0] == "warning"


@pytest.mark.parametrize(
    ("record", "address", "expected"),
    [
        ("v=spf1 mx -all", "192.0.2.25", SpfResult.PASS),
        ("v=spf1 mx/24 ~all", "192.0.2.200", SpfResult.PASS),
        ("v=spf1 a:mail.example.org ~all", "198.51.100.1", SpfResult.SOFT_FAIL),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::1", SpfResult.PASS),
        ("v=spf1 -ip4:192.0.2.25 +all", "192.0.2.25", SpfResult.FAIL),
        ("v=spf1 include:other.example.org -all", "203.0.113.9", SpfResult.PASS),
        ("v=spf1 include:other.example.org -all", "192.0.2.25", SpfResult.FAIL),
        ("v=spf1 redirect=other.example.org", "203.0.113.9", SpfResult.PASS),
        ("v=spf1 redirect=other.example.org", "192.0.2.25", SpfResult.SOFT_FAIL),
        ("V=SPF1 exists:%{i}.example.org ip4:192.0.2.1", "192.0.2.25", SpfResult.UNKNOWN),
        ("v=spf1", "192.0.2.25", SpfResult.NEUTRAL),
    ],
)
def test_an_spf_record_covers_the_addresses_that_it_says(record: str, address: str, expected: SpfResult) -> None:
    other = {"other.example.org": {"TXT": ('"v=spf1 ip4:203.0.113.0/24 ~all"',)}}
    with name_server({**SOUND, **spf(record), **other}) as resolver:
        assert Evaluation(Names(resolver), ip_address(address)).result("example.org") is expected


def test_a_relay_that_spf_does_not_cover_is_a_warning() -> None:
    (_, covered) = found(domain.check_spf, spf("v=spf1 ip4:9.9.9.9 -all"), setup_with(relay="8.8.8.8"))
    assert covered == ("warning", "it does not cover 8.8.8.8, an address of the relay 8.8.8.8")
    (_, covered) = found(domain.check_spf, spf("v=spf1 ip4:8.8.8.0/24 -all"), setup_with(relay="8.8.8.8"))
    assert covered == ("ok", "it covers the relay 8.8.8.8 (8.8.8.8)")


KEY = "default._domainkey.example.org"


@pytest.mark.parametrize(
    ("records", "state", "said"),
    [
        ({KEY: {"TXT": ('"v=DKIM1; p="',)}}, "warning", "was revoked"),
        ({KEY: {"TXT": ('"v=DKIM1; p=QUJD!"',)}}, "fault", "cannot be read"),
        ({KEY: {"TXT": ('"k=rsa; p=QUJD"',)}}, "fault", "so short"),
        ({KEY: {"TXT": (f'"p={"QUJD" * 54}"',)}}, "warning", "fewer than 2048 bits"),
        ({KEY: {"TXT": (f'"k=ed25519; p={"QUJD" * 10}QUI="',)}}, "ok", "the selector default has a key"),
        ({KEY: {}, "other._domainkey.example.org": {"TXT": ('"p=QUJD"',)}}, "skipped", "cannot be listed"),
    ],
)
def test_dkim_keys_are_read(records: Records, state: str, said: str) -> None:
    ((found_state, what),) = found(domain.check_dkim, records)
    assert (found_state, said in what) == (state, True)


def test_a_domain_without_dkim_keys_is_warned_of() -> None:
    with name_server({"example.org": SOUND["example.org"]}) as resolver:
        (only,) = domain.check_dkim(setup_with(), Names(resolver))
    assert (only.state, "there is no key" in only.what) == ("warning", True)


DMARC = "_dmarc.example.org"


@pytest.mark.parametrize(
    ("record", "envelope", "states"),
    [
        (('"v=DMARC1; p=none"',), "b@example.org", ["ok", "ok"]),
        (('"v=DMARC1; p=none"',), "b@bounces.example.org", ["ok", "ok"]),
        (('"v=DMARC1;aspf=s;p=reject"',), "b@bounces.example.org", ["ok", "warning"]),
        (('"v=DMARC1; p=none"',), "b@example.net", ["ok", "warning"]),
        (('"v=DMARC1; rua=mailto:a@example.org"',), "", ["fault"]),
        (('"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'), "", ["fault"]),
        (('"v=spf1 -all"',), "", ["fault"]),
    ],
)
def test_the_policy_and_the_alignment_of_dmarc_are_judged(
    record: tuple[str, ...], envelope: str, states: list[str]
) -> None:
    said = found(domain.check_dmarc, {DMARC: {"TXT": record}}, setup_with(envelope))
    assert [state for state, _ in said] == states


def test_the_policy_of_a_domain_above_counts() -> None:
    setup = setup_with()
    setup.config = setup.config.model_copy(update={"mail": MailConfig(sender="a@news.papers.example.org")})
    with name_server(SOUND) as resolver:
        first, *_ = domain.check_dmarc(setup, Names(resolver))
    assert first.state == "ok"
    assert first.what.endswith("(at _dmarc.example.org)")


def test_a_name_server_that_fails_for_one_name_is_asked_for_others() -> None:
    with name_server({**SOUND, "example.org": FAIL}) as resolver:
        names = Names(resolver)
        with pytest.raises(CannotTellError, match=r"fail for example\.org \(TXT\)"):
            names.texts("example.org")
        assert names.addresses("mail.example.org") == ["192.0.2.25"]


class _OneRecord(Names):
    """Answers with one SPF record, and that nothing else exists."""

    def __init__(self, record: str) -> None:
        super().__init__()
        self.record = record

    def ask(self, name: str, kind: str) -> Answer:  # noqa: ARG002
        return Answer(())

    def texts(self, name: str) -> list[str]:
        return [self.record] if name == "example.org" else []


@given(
    st.lists(
        st.sampled_from(["a", "mx", "ip4:", "ip6:", "include:", "/", "%{i}", "=", "-", "all", ":", "é", "9", "x."])
    )
)
def test_any_spf_record_has_a_result_or_a_fault_in_words(parts: list[str]) -> None:
    for address in ("192.0.2.1", "2001:db8::1", None):
        evaluation = Evaluation(_OneRecord(f"v=spf1 {''.join(parts)}"), ip_address(address) if address else None)
        try:
            assert evaluation.result("example.org") in set(SpfResult)
        except SpfError as error:
            assert str(error)


@given(st.text())
def test_any_text_has_tags(text: str) -> None:
    assert all(name == name.strip().lower() for name in domain.tags(text))
