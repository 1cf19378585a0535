"""Send digests to channels, whose URLs are read or decrypted just before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from notifier.config import Config, secret_key
from notifier.delivery import Outcome
from notifier.delivery.channels import ChannelMessage, OpenChannel, decode_message, open_channel, post
from notifier.errors import ConfigError, FetchError, NotifierError
from notifier.fetching import webhook_client
from notifier.models import Clock, Endpoint, Mail, ServiceAnswer
from notifier.sending.endpoint_transport import EndpointTransport
from notifier.signing import decrypted

MESSAGE_SECONDS = 30.0  # no further request for a message begins after this time
LONGEST_FILE = 4096  # bytes of a file with a URL


class ChannelTransport(EndpointTransport):
    """Sends digests to one channel, one at a time."""

    def post(self, mail: Mail) -> Outcome:
        """Post a digest. Raises NotifierError if the channel's URL cannot be read or used."""
        message = decode_message(mail.content)
        return post_to_channel(self._endpoint, self._config, message, mail.message_id, self._clock)


def post_to_channel(
    endpoint: Endpoint, config: Config, message: ChannelMessage, message_id: str, clock: Clock
) -> Outcome:
    """Post a message to a channel, by requests that are checked as all others, and return the outcome.

    Raises NotifierError if the channel's URL cannot be read or used.
    """
    channel = opened(endpoint, config)
    end = time.monotonic() + MESSAGE_SECONDS
    with webhook_client(config, clock) as client:

        def make_request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> ServiceAnswer:
            if time.monotonic() > end:
                raise FetchError(f"{channel.server} took longer than {MESSAGE_SECONDS:g} s", "it may work later")
            return client.call(method, url, headers, body)

        return post(channel, message, message_id, make_request, clock())


def opened(endpoint: Endpoint, config: Config) -> OpenChannel:
    """Return a channel, opened. Raises UsageError or ConfigError, which name the channel, if its URL cannot be used."""
    try:
        return open_channel(channel_url(endpoint, config))
    except ConfigError:
        raise
    except NotifierError as error:
        raise ConfigError(f"the URL of the channel {endpoint.name} cannot be used: {error}") from None


def channel_url(endpoint: Endpoint, config: Config) -> str:
    """Return the URL of a channel. Raises ConfigError if it cannot be decrypted, or its file cannot be read."""
    if endpoint.secret_file:
        return url_in_file(Path(endpoint.secret_file))
    try:
        return decrypted(endpoint.url, secret_key(config), endpoint.salt)
    except ValueError as error:
        raise ConfigError(
            f"the URL of the channel {endpoint.name} cannot be read: {error}; restore the secret key, or give the URL "
            f"again with `notifier channel set {endpoint.name}`"
        ) from None


def url_in_file(file: Path) -> str:
    """Return the URL in a file. Raises ConfigError, which does not quote it, if there is none."""
    try:
        with file.open("rb") as opened_file:
            content = opened_file.read(LONGEST_FILE + 1)
        url = content.decode("ascii").strip()
    except OSError as error:
        raise ConfigError(
            f"cannot read the URL of the channel in {file}: {error.strerror}; check its name and who owns it"
        ) from None
    except UnicodeError:
        url = ""
    if not url or len(content) > LONGEST_FILE or "\n" in url:
        raise ConfigError(f"{file} does not hold the URL of a channel, on one line in ASCII; write it there")
    return url
