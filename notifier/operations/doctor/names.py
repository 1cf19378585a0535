"""Ask the name servers. A missing record is an answer too; CannotTellError means that they gave no answer."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from notifier.operations.doctor.findings import CannotTellError

if TYPE_CHECKING:
    from dns.resolver import Resolver

ONE_SECONDS, ALL_SECONDS = 4.0, 9.0  # for one question, and for all of them together


class Answer(NamedTuple):
    """The records of one kind that a name has; `exists` is false if there is no such name at all."""

    records: Sequence[Any]
    exists: bool = True


class Names:
    """Asks a resolver, and remembers the answers. After one question without an answer, it asks no more.

    Several threads may share it.
    """

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._resolver = resolver
        self._answers: dict[tuple[str, str], Answer] = {}
        self._deadline = monotonic() + ALL_SECONDS
        self._trouble = ""

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name, each in one piece."""
        found = self.ask(name, "TXT").records
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found]

    def addresses(self, name: str) -> list[str]:
        """Return the IP addresses of a name."""
        return [record.address for kind in ("A", "AAAA") for record in self.ask(name, kind).records]

    def mail_servers(self, name: str) -> list[str]:
        """Return the hosts that take mail for a domain, best first; an empty name means that it takes none."""
        found = sorted(self.ask(name, "MX").records, key=lambda record: int(record.preference))
        return [record.exchange.to_text(omit_final_dot=True).removesuffix(".") for record in found]

    def ask(self, name: str, kind: str) -> Answer:
        """Return the records of a kind that a name has. Raises CannotTellError if no name server answers."""
        known = self._answers.get((name, kind))
        if known is None:
            known = self._answers[name, kind] = self._query_servers(name, kind)
        return known

    def _query_servers(self, name: str, kind: str) -> Answer:
        from dns import exception, resolver  # noqa: PLC0415 - only the doctor asks name servers

        left = self._deadline - monotonic()
        if self._trouble or left <= 0:
            raise CannotTellError(self._trouble or "the name servers took too long")
        try:
            chosen_resolver = self._resolver or resolver.Resolver()
            found = chosen_resolver.resolve(name, kind, lifetime=min(left, ONE_SECONDS), search=False)
            return Answer(list(found))
        except resolver.NXDOMAIN:
            return Answer((), exists=False)
        except resolver.NoAnswer:
            return Answer(())
        except (exception.Timeout, resolver.NoResolverConfiguration, OSError):
            self._trouble = "the name server of this machine does not answer; check the network and /etc/resolv.conf"
            raise CannotTellError(self._trouble) from None
        except resolver.NoNameservers:
            raise CannotTellError(f"the name servers fail for {name} ({kind}); try again later") from None
        except exception.DNSException as error:
            raise CannotTellError(f"{name} could not be asked for ({type(error).__name__})") from None
