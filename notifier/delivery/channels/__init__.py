"""Send digests to channels: groups in Slack, Matrix, Discord, Mattermost, Teams or Telegram, topics of ntfy, webhooks.

A digest becomes a `ChannelMessage`, which is laid out for the service and handed to Apprise. Apprise knows what each
service expects, but makes no request by itself: the caller provides the function that does, and so decides which hosts
may be asked, and how long an answer may take.
"""

from notifier.delivery.channels.layouts import plain_text
from notifier.delivery.channels.messages import ChannelMessage, decode_message, encode_message, message_of
from notifier.delivery.channels.posting import post
from notifier.delivery.channels.services import OpenChannel, open_channel, without_loggers

__all__ = [
    "ChannelMessage",
    "OpenChannel",
    "decode_message",
    "encode_message",
    "message_of",
    "open_channel",
    "plain_text",
    "post",
    "without_loggers",
]
