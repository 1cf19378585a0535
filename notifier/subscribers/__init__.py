"""Sign up, schedule, pause, unsubscribe and erase subscribers, and import and export them as CSV."""

from notifier.subscribers.address_changes import request_address_change
from notifier.subscribers.calendars import (
    Schedule,
    Slot,
    UsedPeriods,
    due_slot,
    next_due,
    schedule_of,
    used_periods_of,
)
from notifier.subscribers.confirming import OpenRequest, confirm, open_request
from notifier.subscribers.csv_export import export_subscribers
from notifier.subscribers.csv_import import ImportReport, import_subscribers
from notifier.subscribers.data_export import export_data
from notifier.subscribers.limiting import Action, within_limits
from notifier.subscribers.managing import (
    add_subscription,
    change_settings,
    change_subscription,
    order_subscriptions,
    remove_subscription,
)
from notifier.subscribers.past_digests import PastDigest, StoredDigest, digest_of, past_digests
from notifier.subscribers.pausing import end_pauses, pause, resume
from notifier.subscribers.private_feeds import (
    private_feeds_grant,
    remove_private_feed,
    renew_private_feed,
    subscriber_of_private_feed,
)
from notifier.subscribers.reinstating import ReinstateReport, SuppressedChoice, reinstate
from notifier.subscribers.renewing import EndedLink, ended_link, request_new_link
from notifier.subscribers.requesting import (
    check_request,
    confirmation_mailed_at,
    request_sign_in,
    request_sign_up,
    subscribe_or_send_confirmation,
)
from notifier.subscribers.signing_in import (
    SESSION_LIFETIME,
    end_session,
    manage_grant,
    sign_in,
    sign_out_everywhere,
    subscriber_of_session,
)
from notifier.subscribers.stored_queries import update_stored_queries
from notifier.subscribers.subscribing import (
    MAX_NAME_LENGTH,
    CheckedSignUp,
    SignUp,
    deactivate,
    end_subscription,
    erase,
    get_subscriber,
    has_default_only,
    sign_up_all,
    subscribe,
    unsubscribe,
    unsubscribe_from,
    unsubscribe_from_all,
    unsubscribe_from_one,
)
from notifier.subscribers.sweeping import sweep

__all__ = [
    "MAX_NAME_LENGTH",
    "SESSION_LIFETIME",
    "Action",
    "CheckedSignUp",
    "EndedLink",
    "ImportReport",
    "OpenRequest",
    "PastDigest",
    "ReinstateReport",
    "Schedule",
    "SignUp",
    "Slot",
    "StoredDigest",
    "SuppressedChoice",
    "UsedPeriods",
    "add_subscription",
    "change_settings",
    "change_subscription",
    "check_request",
    "confirm",
    "confirmation_mailed_at",
    "deactivate",
    "digest_of",
    "due_slot",
    "end_pauses",
    "end_session",
    "end_subscription",
    "ended_link",
    "erase",
    "export_data",
    "export_subscribers",
    "get_subscriber",
    "has_default_only",
    "import_subscribers",
    "manage_grant",
    "next_due",
    "open_request",
    "order_subscriptions",
    "past_digests",
    "pause",
    "private_feeds_grant",
    "reinstate",
    "remove_private_feed",
    "remove_subscription",
    "renew_private_feed",
    "request_address_change",
    "request_new_link",
    "request_sign_in",
    "request_sign_up",
    "resume",
    "schedule_of",
    "sign_in",
    "sign_out_everywhere",
    "sign_up_all",
    "subscribe",
    "subscribe_or_send_confirmation",
    "subscriber_of_private_feed",
    "subscriber_of_session",
    "sweep",
    "unsubscribe",
    "unsubscribe_from",
    "unsubscribe_from_all",
    "unsubscribe_from_one",
    "update_stored_queries",
    "used_periods_of",
    "within_limits",
]
