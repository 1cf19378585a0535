"""What this process has learnt of a relay's way with pipelined commands (RFC 2920). Pure."""

from __future__ import annotations

from notifier.delivery.smtp.replies import Reply

STUMBLES = 3  # in a row, of a relay that has shown that it can

_OUT_OF_STEP = frozenset({500, 503})  # to what is right when it is written one by one


class PipeliningTrust:
    """Shared by all lanes to one relay: may it be trusted with more than one command at a time?

    Some offer PIPELINING and then lose commands, answer some of them only, or hang up. One that never got through it
    is trusted no more at its first stumble; one that did may lose a connection now and then, as any relay does.
    """

    def __init__(self) -> None:
        self.may_pipeline = True
        self.is_proven = False
        self._stumbles = 0

    def record_success(self) -> None:
        """It answered a message and the envelope that came with it, each in its turn."""
        self.is_proven = True
        self._stumbles = 0

    def record_failure(self) -> None:
        """It did not answer commands that were written together."""
        self._stumbles += 1
        if not self.is_proven or self._stumbles >= STUMBLES:
            self.may_pipeline = False

    def blames_pipelining(self, reply: Reply) -> bool:
        """Whether a refusal may be for the writing together alone, as far as this relay is known."""
        says_so = reply.code in _OUT_OF_STEP or (reply.code >= 500 and "synchroni" in reply.text.lower())
        return says_so and not self.is_proven
