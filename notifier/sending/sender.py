"""Make the parts that a delivery run needs from the config."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from notifier.config import Config, secret_key
from notifier.delivery import Maildir, PipeliningTrust, RelaySettings, SmtpTransport, Transport
from notifier.mail import Composer, MailSettings, check_settings
from notifier.models import Clock
from notifier.sending.pacing import Rates
from notifier.signing import LinkSigner, ReturnPaths
from notifier.store.topics import catalogue_in_use
from notifier.templates import environment
from notifier.text.addresses import ascii_address


@dataclass(frozen=True, slots=True)
class Sender:
    """The store, the transports, the composer and the clock of a delivery run.

    `relay` is the name under which the relay's state is stored. The number of `transports` is the largest number that
    may be in use at once. `bounces` makes a return path of its own for each mail, so that a bounce shows which mail it
    is about. It is None if all mails have the same envelope sender. `owners_folder` holds the lock files of running
    senders. `topic_titles` reads the titles of the topics in use by slug. If `endpoint_id` is given, the sender sends
    what is for this endpoint, and no mail.
    """

    engine: Engine
    relay: str
    transports: Sequence[Transport]
    rates: Rates
    bounces: ReturnPaths | None
    composer: Composer
    owners_folder: Path
    clock: Clock
    topic_titles: Callable[[], Mapping[str, str]]
    endpoint_id: int | None = None


def sender_for(engine: Engine, config: Config, clock: Clock) -> Sender:
    """Return the sender that the config asks for.

    Raises ConfigError if the templates, the certificates or the secret key cannot be read, or if `[mail] sender` or
    `[mail] envelope` cannot be written into a mail.
    """
    folder = config.mail.templates

    def topic_titles() -> Mapping[str, str]:
        return catalogue_in_use(engine, config).titles

    return Sender(
        engine=engine,
        relay=config.relay_name,
        transports=_transports(config),
        rates=Rates(config.smtp.rate_per_second, config.smtp.rate_per_day),
        bounces=_bounces(config),
        composer=Composer(mail_settings(config, topic_titles()), environment(config.path(folder) if folder else None)),
        owners_folder=config.owners_folder,
        clock=clock,
        topic_titles=topic_titles,
    )


def relay_settings(config: Config) -> RelaySettings:
    """Return the address of the relay that the config names, and how to connect to it."""
    smtp = config.smtp
    return RelaySettings(
        host=smtp.host,
        port=smtp.port,
        tls=smtp.tls,
        username=smtp.username,
        password=smtp.password.get_secret_value(),
        ca_file=config.path(smtp.ca_file) if smtp.ca_file else None,
        hello=smtp.hello,
    )


def _transports(config: Config) -> list[Transport]:
    if config.mail.transport == "maildir":
        return [Maildir(config.path(config.maildir.folder))]
    settings, trust = relay_settings(config), PipeliningTrust()
    return [SmtpTransport(settings, trust) for _ in range(config.smtp.lanes)]


def _bounces(config: Config) -> ReturnPaths | None:
    """Return the maker of return paths, or None.

    A return path needs two things: the secret key's file, and a mailbox for bounces (`[mail] envelope`).
    """
    if not config.mail.envelope or not config.path(config.secret_file).exists():
        return None
    return ReturnPaths(ascii_address(config.mail.envelope), secret_key(config))


def mail_settings(config: Config, topic_titles: Mapping[str, str]) -> MailSettings:
    """Return the settings of all mails; `topic_titles` are the titles of the topics by slug.

    Raises ConfigError if the secret key cannot be read, or if an address cannot be written into a mail.
    """
    mail = config.mail
    settings = MailSettings(
        sender=mail.sender,
        envelope_sender=mail.envelope_sender,
        unsubscribe_mailbox=mail.address,
        brand=mail.brand,
        link_signer=LinkSigner(config.web.base_url, secret_key(config)) if config.web.base_url else None,
        key=secret_key(config) if config.path(config.secret_file).exists() else b"",
        cards=config.digest.cards,
        topics=topic_titles,
        title_search=mail.title_search,
        postal_address=mail.postal_address,
    )
    check_settings(settings)
    return settings
