"""The keys of `[alerts]`: the operators who are told when something needs attention."""

from __future__ import annotations

from pydantic import Field, field_validator

from notifier.config.table import ConfigTable
from notifier.config.values import ascii_address

MAX_OPERATORS = 20  # addresses in `mail`


class AlertsConfig(ConfigTable):
    """The addresses of operators. They get a mail when something needs attention, and when it is over."""

    mail: tuple[str, ...] = Field(default=(), max_length=MAX_OPERATORS)

    @field_validator("mail")
    @classmethod
    def _check_mail(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Return each address once, with its domain in ASCII. Raises ValueError if one is no address."""
        try:
            return tuple(dict.fromkeys(map(ascii_address, addresses)))
        except ValueError:
            raise ValueError('write mail addresses, such as ["admin@example.org"]') from None
