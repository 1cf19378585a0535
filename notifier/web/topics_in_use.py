"""Read the topics in use once for each request, because an administrator may change them at any time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Engine

from notifier.config import Config
from notifier.mail import MailSettings
from notifier.store.topics import catalogue_in_use
from notifier.topics import Catalogue


@dataclass(slots=True)
class TopicsInUse:
    """The catalogue that was in use when a request asked for it first, and the settings of mails with its titles.

    `plain` holds these settings without topics.
    """

    engine: Engine
    config: Config
    plain: MailSettings
    _read: tuple[Catalogue, MailSettings] | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in use."""
        return self._values()[0]

    @property
    def mail(self) -> MailSettings:
        """The settings of mails with the titles of the topics in use."""
        return self._values()[1]

    def anew(self) -> TopicsInUse:
        """Return the same for another request, which reads the catalogue again."""
        return TopicsInUse(self.engine, self.config, self.plain)

    def _values(self) -> tuple[Catalogue, MailSettings]:
        if self._read is None:
            catalogue = catalogue_in_use(self.engine, self.config)
            self._read = catalogue, replace(self.plain, topics=catalogue.titles)
        return self._read
