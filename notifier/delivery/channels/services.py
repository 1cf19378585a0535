"""Open a channel's URL with Apprise, as one of the services for which there is a layout.

Apprise knows more than a hundred services. Only those are opened that speak HTTP and whose limits and markup are known
here; for the others, the text of papers could become markup, or a message could be cut.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from notifier.delivery.channels import markups
from notifier.delivery.channels.layouts import Measure
from notifier.delivery.channels.markups import Markup
from notifier.errors import ConfigError, UsageError
from notifier.signing import MISSING_EXTRA

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_URL = 2_000  # characters
_CURE = "docs/channels.md shows the URL of each service"


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _utf8(text: str) -> int:
    return len(text.encode())


def _as_json(text: str) -> int:
    return len(json.dumps(text))


def _ntfy(text: str) -> int:
    """Return the bytes of a text; the JSON may have twice as many, or Apprise would make it an attachment."""
    return max(_utf8(text), _as_json(text) // 2)


@dataclass(frozen=True, slots=True)
class Service:
    """A service: the schemes of its URLs, its class in Apprise, and how a message for it is laid out and measured.

    `targets` are the attributes of the class that hold the rooms or chats, of which there must be one. `has_title` says
    that the subject is shown beside the text.
    """

    label: str
    schemes: tuple[str, ...]
    plugin: str  # the module and the class in apprise.plugins
    markup: Markup
    limit: int
    measure: Measure
    format: str
    targets: tuple[str, ...] = ()
    has_title: bool = False


# The limits are those that the services document, less what Apprise adds:
# Slack 40,000 characters, Discord 2,000, Telegram 4,096, Mattermost 16,383, ntfy 4,096 bytes, Teams 28 kB. A Matrix
# event has at most 65,536 bytes, and holds the text twice.
SERVICES = (
    Service("Slack", ("slack",), "slack:NotifySlack", markups.SLACK, 35_000, len, "markdown", ("channels",)),
    Service("Discord", ("discord",), "discord:NotifyDiscord", markups.DISCORD, 2_000, _utf16, "markdown"),
    Service(
        label="Matrix",
        schemes=("matrix", "matrixs"),
        plugin="matrix:NotifyMatrix",
        markup=markups.HTML,
        limit=24_000,
        measure=_utf8,
        format="html",
        targets=("rooms", "users"),
    ),
    Service(
        label="Mattermost",
        schemes=("mmost", "mmosts"),
        plugin="mattermost:NotifyMattermost",
        markup=markups.MARKDOWN,
        limit=16_000,
        measure=_utf16,
        format="markdown",
    ),
    Service(
        label="Teams",
        schemes=("workflow", "workflows"),
        plugin="workflows:NotifyWorkflows",
        markup=markups.TEAMS,
        limit=24_000,
        measure=_as_json,
        format="markdown",
    ),
    Service("Telegram", ("tgram",), "telegram:NotifyTelegram", markups.TELEGRAM, 4_096, _utf16, "html", ("targets",)),
    Service("ntfy", ("ntfy", "ntfys"), "ntfy:NotifyNtfy", markups.PLAIN_CHAT, 3_800, _ntfy, "text", ("topics",), True),
    Service("webhook", ("json", "jsons"), "custom_json:NotifyJSON", markups.PLAIN, 60_000, _utf8, "text", (), True),
)
# The hosts of services whose URLs do not name them, by service and mode in Apprise.
_FIXED_HOSTS = {
    ("Slack", ""): "hooks.slack.com",
    ("Slack", "bot"): "slack.com",
    ("Slack", "gov-hook"): "hooks.slack-gov.com",
    ("Discord", ""): "discord.com",
    ("Telegram", ""): "api.telegram.org",
    ("ntfy", "cloud"): "ntfy.sh",
}
# The attributes of Apprise's classes that add something to a message, or requests to other servers, if they are set.
_SWITCHES = (
    *("include_image", "include_footer", "include_timestamp", "avatar", "use_blocks", "fields"),
    *("e2ee", "autoverify", "discovery"),
)
# The options of a URL that would turn the text into another markup, or mention people.
_LEFT_OUT = {"format", "ping"}


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """A channel's URL, opened: its service, Apprise's object, and the URL of the server without path."""

    service: Service
    plugin: Any
    server: str

    @property
    def shown(self) -> str:
        """The service and its server, without any secret."""
        return f"{self.service.label} ({self.server.partition('://')[2]})"


def open_channel(url: str) -> OpenChannel:
    """Return a channel's URL opened. Makes no request.

    Raises UsageError, which does not quote the URL, if it cannot be used, and ConfigError if Apprise is missing.
    """
    url = url.strip().replace("/#", "/%23")  # people write rooms as #lab
    if not url or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or "://" not in url:
        raise UsageError(f"this is no URL of a channel, of at most {LONGEST_URL} characters in ASCII; {_CURE}")
    with without_loggers():
        service, plugin = _instance(url)
        _harden(plugin)
    _check(service, plugin)
    return OpenChannel(service, plugin, _server(service, plugin))


@contextmanager
def without_loggers() -> Iterator[None]:
    """Keep Apprise from logging: its messages hold URLs."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    yield


def _instance(url: str) -> tuple[Service, Any]:
    scheme = url.partition("://")[0].lower()
    if scheme == "https":
        for service in SERVICES:
            parse = getattr(_plugin_class(service), "parse_native_url", None)
            if parse and (values := _parsed(parse, url)):
                return service, _made(service, values)
        raise UsageError(f"no supported service has such a URL; write jsons://... for a webhook; {_CURE}")
    for service in SERVICES:
        if scheme in service.schemes:
            values = _parsed(_plugin_class(service).parse_url, url)
            return service, _made(service, values)
    known = ", ".join(scheme for service in SERVICES for scheme in service.schemes)
    raise UsageError(f"the URL of a channel begins with https:// or one of {known}; {_CURE}")


def _plugin_class(service: Service) -> Any:
    module, _, name = service.plugin.partition(":")
    try:
        return getattr(import_module(f"apprise.plugins.{module}"), name)
    except ImportError:
        raise ConfigError(MISSING_EXTRA) from None


def _parsed(parse: Callable[[str], dict[str, Any] | None], url: str) -> dict[str, Any] | None:
    try:
        return parse(url)
    except Exception:  # whatever Apprise raises: its messages may quote the URL
        return None


def _made(service: Service, values: dict[str, Any] | None) -> Any:
    from apprise import AppriseAsset

    asset = AppriseAsset(app_id="notifier", app_desc="notifier", image_url_mask="", image_url_logo="")
    try:
        if values is None:
            raise ValueError
        kept = {name: value for name, value in values.items() if name not in _LEFT_OUT}
        return _plugin_class(service)(asset=asset, **kept)
    except Exception:  # whatever Apprise raises: its messages may quote the URL
        raise UsageError(f"the URL is no complete URL of {service.label}; {_CURE}") from None


def _harden(plugin: Any) -> None:
    """Switch off what Apprise would do besides sending one message: waiting, redirects, pictures, encryption."""
    plugin.redirects = False
    plugin.request_rate_per_sec = 0
    plugin.throttle = lambda *_, **__: None
    for name in _SWITCHES:
        if hasattr(plugin, name):
            setattr(plugin, name, False)


def _check(service: Service, plugin: Any) -> None:
    if getattr(plugin, "template", None):
        raise UsageError("the URL names a template, and notifier lays messages out itself; leave out `template`")
    if service.label == "Matrix" and _mode(plugin) != "off":
        raise UsageError("the URL is one of a Matrix bridge; give the token of a user of the homeserver, and no `mode`")
    number = sum(len(getattr(plugin, name, ())) for name in service.targets)
    if service.targets and number != 1:
        raise UsageError(
            f"the URL names {number} rooms, chats or topics, and a channel is one; add a channel for each of them"
        )


def _server(service: Service, plugin: Any) -> str:
    """Return the scheme and the host to which the requests go, with the port if it is not the default."""
    if fixed := _FIXED_HOSTS.get((service.label, _mode(plugin))) or _FIXED_HOSTS.get((service.label, "")):
        return f"https://{fixed}"
    is_secure = plugin.secure or service.label == "Teams"
    return f"{'https' if is_secure else 'http'}://{plugin.host}{f':{plugin.port}' if plugin.port else ''}"


def _mode(plugin: Any) -> str:
    """Return how Apprise uses a service, such as `bot` or `cloud`; empty if there is only one way."""
    mode = getattr(plugin, "mode", "")
    return str(getattr(mode, "value", mode))
