"""Remember whether a relay handles pipelined commands correctly (RFC 2920). This module does no I/O."""

from __future__ import annotations

from notifier.delivery.smtp.replies import Reply

FAILURES_IN_A_ROW = 3  # after so many, no more commands are pipelined, even if the relay has handled that before

_OUT_OF_STEP = frozenset({500, 503})  # a relay that confuses commands refuses correct ones with these codes


class PipeliningTrust:
    """A record of whether the relay may be sent several commands in one write; shared by all connections to it.

    Some relays offer PIPELINING but lose commands, answer only some of them, or hang up. A relay that has never handled
    pipelining successfully is no longer trusted after its first failure. A relay that has handled it successfully is
    trusted until FAILURES_IN_A_ROW consecutive failures, because every relay loses a connection now and then.
    """

    def __init__(self) -> None:
        self.may_pipeline = True
        self.is_proven = False
        self._failures = 0

    def record_success(self) -> None:
        """Note that the relay correctly answered a message and the next envelope, sent in one write."""
        self.is_proven = True
        self._failures = 0

    def record_failure(self) -> None:
        """Note that the relay did not correctly answer commands that were sent in one write."""
        self._failures += 1
        if not self.is_proven or self._failures >= FAILURES_IN_A_ROW:
            self.may_pipeline = False

    def may_be_caused_by_pipelining(self, reply: Reply) -> bool:
        """Return whether pipelining may be the only reason for this refusal."""
        is_out_of_step = reply.code in _OUT_OF_STEP or (reply.code >= 500 and "synchroni" in reply.text.lower())
        return is_out_of_step and not self.is_proven
