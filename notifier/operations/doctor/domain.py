"""Check the records of the sender's domain: MX, SPF, DKIM and DMARC, and whether they fit together."""

from __future__ import annotations

import socket
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from notifier.config import is_loopback
from notifier.operations.doctor.findings import Area, Finding, fault, ok, skipped, warning
from notifier.operations.doctor.names import Names
from notifier.operations.doctor.setup import Setup
from notifier.operations.doctor.side_by_side import within
from notifier.operations.doctor.spf import Evaluation, SpfError, SpfResult, records_of

# Selectors cannot be listed. These are those that common programs and providers use.
_SELECTORS = ("default", "mail", "dkim", "notifier", "s1", "s2", "selector1", "selector2", "google", "k1", "key1")
_SHORT_KEY, _GOOD_KEY = 140, 250  # the least bytes of an RSA key of 1024 bits, and of one of 2048 bits
_MOST_LEVELS = 8  # the most levels of a domain that are looked up for DMARC, as in RFC 9989
_OUTSIDE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # for documentation; no packet is sent there


def domains_of(setup: Setup) -> tuple[str, str]:
    """Return the domain of the sender, and that of the envelope."""
    mail = setup.config.mail
    return mail.address.rpartition("@")[2].lower(), mail.envelope_sender.rpartition("@")[2].lower()


def why_no_questions(setup: Setup) -> Finding | None:
    """Return the finding that says why nothing is asked about the domain; None if there is something to ask."""
    domain, _ = domains_of(setup)
    if setup.config.mail.transport == "maildir":
        return skipped(Area.DOMAIN, domain, "mail is written to a folder, so nobody asks about its sender")
    if not is_loopback(domain) and not domain.startswith("["):
        return None
    what = "this domain is no public name, so nobody elsewhere can answer, and most servers refuse such mail"
    cure = "set [mail] sender to an address of your own domain"
    if is_loopback(setup.config.smtp.host):
        return warning(Area.DOMAIN, domain, what, cure)
    return fault(Area.DOMAIN, domain, what, cure)


def check_mx(setup: Setup, names: Names) -> Iterator[Finding]:
    """Check that answers and bounces can arrive."""
    sender, envelope = domains_of(setup)
    for domain, what in {sender: "answers", envelope: "bounces"}.items():
        yield _mx(names, domain, "answers and bounces" if sender == envelope else what)


def _mx(names: Names, domain: str, mails: str) -> Finding:
    about = f"MX of {domain}"
    servers = names.mail_servers(domain)
    if servers == [""]:
        return fault(
            Area.DOMAIN, about, f"the domain says that it takes no mail, so {mails} cannot arrive", _mx_cure(domain)
        )
    if not servers and names.addresses(domain):
        return warning(
            Area.DOMAIN, about, f"there is none, so {mails} go to the host {domain} itself", _mx_cure(domain)
        )
    if not servers:
        why = "there is no MX record" if names.ask(domain, "MX").exists else "there is no such domain"
        return fault(Area.DOMAIN, about, f"{why}, so {mails} cannot arrive", _mx_cure(domain))
    lost = [server for server in servers if not names.addresses(server)]
    if len(lost) == len(servers):
        return fault(Area.DOMAIN, about, f"none of its hosts has an IP address: {', '.join(lost)}", _mx_cure(domain))
    if lost:
        return warning(Area.DOMAIN, about, f"{lost[0]} has no IP address", f"correct the MX records of {domain}")
    return ok(Area.DOMAIN, about, ", ".join(servers))


def _mx_cure(domain: str) -> str:
    return f"add an MX record to {domain} that names the server with the mailbox, or use another domain"


def check_spf(setup: Setup, names: Names) -> Iterator[Finding]:
    """Check the SPF record of the envelope's domain, and whether it covers the relay's IP address."""
    _, domain = domains_of(setup)
    about = f"SPF of {domain}"
    if not records_of(names, domain):
        cure = f'add a TXT record to {domain}, such as "v=spf1 mx ~all", that covers the servers that send its mail'
        yield fault(
            Area.DOMAIN, about, "there is no SPF record, so receivers cannot tell this mail from forged mail", cure
        )
        return
    try:
        policy = Evaluation(names, None).result(domain)
    except SpfError as error:
        yield fault(Area.DOMAIN, about, str(error), f"correct the TXT record of {domain} that begins with v=spf1")
        return
    if policy is SpfResult.PASS:
        what = "it ends with +all, so anybody may send mail for this domain"
        yield fault(Area.DOMAIN, about, what, "end it with ~all or -all")
    elif policy is SpfResult.NEUTRAL:
        what = "it does not say what to do with mail from other servers"
        yield warning(Area.DOMAIN, about, what, "end it with ~all or -all")
    else:
        yield ok(Area.DOMAIN, about, records_of(names, domain)[0])
    yield _check_relay_is_covered(setup, names, domain, about)


def _check_relay_is_covered(setup: Setup, names: Names, domain: str, about: str) -> Finding:
    """Return the finding whether the SPF record covers the IP address from which the relay sends, if it is known."""
    host = setup.config.smtp.host
    sending = _public(host)
    if not sending:
        why = f"the relay {host} has no public IP address here, so it could not be told whether SPF covers it"
        return skipped(Area.DOMAIN, about, why, "send yourself a mail (--send-to), and look for spf=pass in its header")
    results = {ip: Evaluation(names, ip_address(ip)).result(domain) for ip in sending}
    left_out = [ip for ip, result in results.items() if result not in (SpfResult.PASS, SpfResult.UNKNOWN)]
    if left_out:
        what = f"it does not cover {', '.join(left_out)}, an address of the relay {host}"
        cure = "if the relay sends from there, add ip4: or ip6: with the address, or the include: of its provider"
        return warning(Area.DOMAIN, about, what, cure)
    if SpfResult.UNKNOWN in results.values():
        return skipped(Area.DOMAIN, about, "it has macros, so it may cover the relay for some mails and not for others")
    return ok(Area.DOMAIN, about, f"it covers the relay {host} ({', '.join(results)})")


def _public(host: str) -> list[str]:
    """Return the public IP addresses from which a relay may send: its own, or this machine's if it runs here."""
    try:
        found = within(
            3, lambda: [str(place[0]) for *_, place in socket.getaddrinfo(host, 25, type=socket.SOCK_STREAM)]
        )
    except (TimeoutError, OSError, UnicodeError):
        return []
    if any(ip_address(each.partition("%")[0]).is_loopback for each in found):
        found = [address for family, outside in _OUTSIDE.items() if (address := _own_address(family, outside))]
    unique = dict.fromkeys(each.partition("%")[0] for each in found)
    return [each for each in unique if ip_address(each).is_global]


def _own_address(family: int, outside: str) -> str:
    """Return the IP address from which this machine would reach the outside; empty if it has none."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((outside, 25))
            return str(asked.getsockname()[0])
    except OSError:
        return ""


def check_dkim(setup: Setup, names: Names) -> Iterator[Finding]:
    """Look for DKIM keys of the sender's domain; the relay signs, so its selector is not known here."""
    domain, _ = domains_of(setup)
    about = f"DKIM of {domain}"
    if not names.ask(f"_domainkey.{domain}", "TXT").exists:
        what = "there is no key, so receivers cannot check signatures of this domain"
        yield warning(
            Area.DOMAIN, about, what, "let the relay sign with DKIM, and publish its key; see docs/operating.md"
        )
        return
    found = {selector: _key(names, f"{selector}._domainkey.{domain}") for selector in _SELECTORS}
    keys = {selector: key for selector, key in found.items() if key is not None}
    if not keys:
        what = "there are keys, but their selectors cannot be listed, so they could not be checked"
        yield skipped(
            Area.DOMAIN, about, what, "send yourself a mail (--send-to), and look for dkim=pass in its header"
        )
    for selector, key in keys.items():
        yield _dkim(about, selector, key)


def _key(names: Names, name: str) -> Mapping[str, str] | None:
    """Return the tags of the DKIM key at a name; None if there is none."""
    found = [tags(text) for text in names.texts(name)]
    return next((each for each in found if "p" in each), None)


def _dkim(about: str, selector: str, key: Mapping[str, str]) -> Finding:
    value = "".join(key["p"].split())
    cure = f"publish the key of the selector {selector} again, with at least 2048 bits"
    try:
        length = len(b64decode(value, validate=True))
    except (Base64Error, ValueError):
        return fault(Area.DOMAIN, about, f"the key of the selector {selector} cannot be read", cure)
    if not length:
        return warning(
            Area.DOMAIN, about, f"the key of the selector {selector} was revoked", "remove it, or publish one"
        )
    if key.get("k", "rsa") == "rsa" and length < _SHORT_KEY:
        return fault(
            Area.DOMAIN, about, f"the key of the selector {selector} is so short that receivers ignore it", cure
        )
    if key.get("k", "rsa") == "rsa" and length < _GOOD_KEY:
        return warning(Area.DOMAIN, about, f"the key of the selector {selector} has fewer than 2048 bits", cure)
    return ok(Area.DOMAIN, about, f"the selector {selector} has a key")


def check_dmarc(setup: Setup, names: Names) -> Iterator[Finding]:
    """Check the DMARC policy, and whether the envelope's domain is aligned with the sender's."""
    domain, envelope = domains_of(setup)
    about = f"DMARC of {domain}"
    cure = f'add the TXT record "v=DMARC1; p=none" at _dmarc.{domain}; large providers want one from everybody'
    place, found = policy_of(names, domain)
    if not found:
        yield fault(Area.DOMAIN, about, "there is no DMARC record", cure)
        return
    if len(found) > 1:
        what = f"_dmarc.{place} has {len(found)} DMARC records, and receivers then ignore them all"
        yield fault(Area.DOMAIN, about, what, "remove all but one")
        return
    policy = tags(found[0])
    if policy.get("p", "").lower() not in ("none", "quarantine", "reject"):
        yield fault(
            Area.DOMAIN, about, f"its record has no valid policy: {found[0]}", "set p to none, quarantine or reject"
        )
        return
    yield ok(Area.DOMAIN, about, f"{found[0]} (at _dmarc.{place})")
    yield _check_alignment(names, domain, envelope, is_strict=policy.get("aspf", "r").lower() == "s")


def _check_alignment(names: Names, domain: str, envelope: str, *, is_strict: bool) -> Finding:
    about = "alignment"
    if domain == envelope or (not is_strict and _organisation(names, domain) == _organisation(names, envelope)):
        return ok(Area.DOMAIN, about, f"the envelope ({envelope}) is aligned with the sender ({domain})")
    what = f"the envelope's domain {envelope} is not aligned with the sender's {domain}, so DMARC depends on DKIM alone"
    cure = f"set [mail] envelope to an address of {domain}, or let the relay sign with DKIM for {domain}"
    return warning(Area.DOMAIN, about, what, cure)


def policy_of(names: Names, domain: str) -> tuple[str, list[str]]:
    """Return the DMARC records that apply to a domain, its own or those of a domain above it, and where they are."""
    for place in _walk(domain):
        if found := _dmarc_records(names, place):
            return place, found
    return domain, []


def _organisation(names: Names, domain: str) -> str:
    """Return the domain of the organisation: the highest one with a DMARC record; the domain itself if none has one."""
    return next((place for place in reversed(_walk(domain)) if _dmarc_records(names, place)), domain)


def _walk(domain: str) -> list[str]:
    labels = domain.split(".")
    levels = range(max(1, len(labels) - 1))  # without the top-level domain
    return [".".join(labels[level:]) for level in levels][-_MOST_LEVELS:]


def _dmarc_records(names: Names, domain: str) -> list[str]:
    found = names.texts(f"_dmarc.{domain}")
    return [text for text in found if text.replace(" ", "").lower().startswith("v=dmarc1")]


def tags(record: str) -> dict[str, str]:
    """Return the tags of a DKIM or DMARC record, such as `p`, with their values."""
    parts = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, found, value in parts if found}
