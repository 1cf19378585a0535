"""Send one mail that is not in the outbox, without storing anything.

The relay's pause and the limit of mails per day are respected, but the mail does not change them: its outcome neither
begins nor ends a pause, and it does not count towards the limit.
"""

from __future__ import annotations

import asyncio

from notifier.delivery import Outcome, StillWanted
from notifier.delivery.breaker import RelayAccess, relay_access, remaining_pause
from notifier.errors import RelayError
from notifier.models import Mail
from notifier.sending import pacing
from notifier.sending.sender import Sender
from notifier.store import outbox, reading, relays
from notifier.text.counting import counted


def send_directly(sender: Sender, mail: Mail, still_wanted: StillWanted) -> Outcome:
    """Send a mail and return its outcome; `still_wanted` is called at the last moment, as in Transport.

    Raises RelayError if sending is paused or if the day's limit is reached.
    """
    _refuse_if_closed(sender)
    return asyncio.run(_send(sender, mail, still_wanted))


async def _send(sender: Sender, mail: Mail, still_wanted: StillWanted) -> Outcome:
    async with sender.transports[0] as transport:
        return await transport.send(mail, still_wanted)


def _refuse_if_closed(sender: Sender) -> None:
    now = sender.clock()
    with reading(sender.engine) as connection:
        state = relays.read(connection, sender.relay)
        under_way = outbox.count_leased(connection) if sender.rates.per_day else 0
    if state.paused_until and remaining_pause(state, now):
        until = f"{state.paused_until:%Y-%m-%d %H:%M:%S} UTC"
        raise RelayError(f"the relay is paused until {until}: {state.reason}; correct that, and try again then")
    if relay_access(state, now) is RelayAccess.CLOSED:
        raise RelayError("the relay was paused, and another process tests it at this moment; try again in a minute")
    if pacing.remaining_today(state, sender.rates, now, under_way) == 0:
        raise RelayError(
            f"the limit of {counted(sender.rates.per_day, 'mail')} a day is reached; "
            "try again after midnight UTC, or raise [smtp] rate_per_day"
        )
