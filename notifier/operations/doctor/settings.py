"""Check the config for values that can be loaded but are unwise."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from notifier.config import Config, is_loopback, unknown_variables
from notifier.errors import NotifierError
from notifier.operations.doctor.findings import Area, Finding, fault, ok, split, warning
from notifier.operations.doctor.setup import Setup
from notifier.topics import catalogue_of

_MANY_LANES = 20  # more connections than most relays allow from one client
_ANYWHERE = ("0.0.0.0", "::", "[::]")


def check_config(setup: Setup) -> Iterator[Finding]:
    """Say which file was loaded, and find values that are unwise."""
    config = setup.config
    if setup.file is None:
        yield warning(
            Area.CONFIG, "config.toml", "there is none here, so all keys have their defaults", "run `notifier init`"
        )
    else:
        yield ok(Area.CONFIG, str(setup.file), "it loads")
    for sentence in unknown_variables():
        yield warning(Area.CONFIG, "environment", *split(sentence))
    yield from _topics(config)
    yield from _mail(config)
    yield from _relay(config)
    yield from _web(config)
    yield from _certificates(config)


def _certificates(config: Config) -> Iterator[Finding]:
    """Find certificates for fetching that cannot be read. `check_relay` finds those for the relay."""
    file = config.fetching_settings.ca_file
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ValueError):
        what = f"{file} has no certificates in PEM form that can be read, so nothing can be fetched"
        yield fault(Area.CONFIG, "[fetching] ca_file", what, "name a file of PEM certificates, or remove the key")


def _topics(config: Config) -> Iterator[Finding]:
    try:
        catalogue_of(config)
    except NotifierError as error:
        yield fault(Area.CONFIG, "[topics]", str(error), "correct this table of the config")


def _mail(config: Config) -> Iterator[Finding]:
    if config.mail.transport == "maildir":
        where = config.path(config.maildir.folder)
        yield warning(
            Area.CONFIG,
            "[mail] transport",
            f"mail is written to the folder {where}, and sent to nobody",
            'when you have tried it, set transport = "smtp"',
        )
    if not config.alerts.mail and config.mail.transport == "smtp":
        yield warning(
            Area.CONFIG,
            "[alerts] mail",
            "it is empty, so nobody is told when papers stop coming",
            'name your address, as in mail = ["admin@example.org"]',
        )


def _relay(config: Config) -> Iterator[Finding]:
    smtp, password = config.smtp, config.smtp.password.get_secret_value()
    if config.mail.transport != "smtp":
        return
    if smtp.tls == "none" and not is_loopback(smtp.host):
        yield warning(
            Area.CONFIG,
            "[smtp] tls",
            f"mail goes to {smtp.host} in clear text, so others on the network can read its links",
            'set tls = "starttls" or "tls"',
        )
    if bool(smtp.username) != bool(password):
        missing, given = ("username", "password") if password else ("password", "username")
        yield warning(
            Area.CONFIG, f"[smtp] {missing}", f"it is empty, but {given} is set", f"set {missing}, or remove {given}"
        )
    if smtp.lanes > _MANY_LANES:
        yield warning(
            Area.CONFIG,
            "[smtp] lanes",
            f"{smtp.lanes} connections at once are more than most relays allow",
            f"set it to {_MANY_LANES} or less",
        )


def _web(config: Config) -> Iterator[Finding]:
    web = config.web
    if not web.base_url:
        yield warning(
            Area.CONFIG,
            "[web] base_url",
            "it is empty, so mails link to no page, and nobody can sign up or unsubscribe there",
            "set it to the public URL of the pages, such as https://papers.example.org",
        )
    elif web.is_clear_text:
        yield warning(
            Area.CONFIG,
            "[web] base_url",
            "it begins with http://, so others on the network can read links and sessions",
            "put TLS in front of the pages, and write https",
        )
    if web.base_url.startswith("https://") and not web.trusted_proxies:
        yield warning(
            Area.CONFIG,
            "[web] trusted_proxies",
            "it is empty, so all visitors behind the web server with TLS share one limit of sign-ups",
            'name the address of that web server, as in trusted_proxies = ["127.0.0.1", "::1"]',
        )
    if web.host in _ANYWHERE and web.base_url.startswith("https://"):
        yield warning(
            Area.CONFIG,
            "[web] host",
            f"with {web.host}, others on the network can reach the pages without TLS, bypassing the web server",
            "set it to 127.0.0.1, unless a container or a firewall closes the port",
        )
