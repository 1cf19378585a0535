"""What happens to subscribers: sign-up, schedules, pauses, unsubscribing, erasing, and CSV import and export."""

from notifier.subscribers.calendars import (
    Occurrence,
    Schedule,
    UsedPeriods,
    due,
    next_due,
    schedule_of,
    used_periods_of,
)
from notifier.subscribers.csv_export import export_subscribers
from notifier.subscribers.csv_import import ImportReport, import_subscribers
from notifier.subscribers.pausing import end_pauses, pause, resume
from notifier.subscribers.reinstating import ReinstateReport, SuppressedChoice, reinstate
from notifier.subscribers.stored_queries import update_stored_queries
from notifier.subscribers.subscribing import (
    CheckedSignUp,
    SignUp,
    erase,
    get_subscriber,
    has_default_only,
    sign_up_all,
    subscribe,
    unsubscribe,
    unsubscribe_from_all,
    unsubscribe_from_one,
)

__all__ = [
    "CheckedSignUp",
    "ImportReport",
    "Occurrence",
    "ReinstateReport",
    "Schedule",
    "SignUp",
    "SuppressedChoice",
    "UsedPeriods",
    "due",
    "end_pauses",
    "erase",
    "export_subscribers",
    "get_subscriber",
    "has_default_only",
    "import_subscribers",
    "next_due",
    "pause",
    "reinstate",
    "resume",
    "schedule_of",
    "sign_up_all",
    "subscribe",
    "unsubscribe",
    "unsubscribe_from_all",
    "unsubscribe_from_one",
    "update_stored_queries",
    "used_periods_of",
]
