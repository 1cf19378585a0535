"""Read the config, a TOML file. Environment variables can override its keys.

The module `keys` and the modules of its larger tables (`mail`, `web`, ...) declare all keys with their defaults.
`loading` reads the file. A config that was loaded never changes.
"""

from notifier.config.alerts import AlertsConfig
from notifier.config.environment import unknown_variables
from notifier.config.fetching import FetchingConfig
from notifier.config.inbox import PIPE, ImapPlace, inbox_password
from notifier.config.keep import KeepConfig
from notifier.config.key_file import secret_key
from notifier.config.keys import (
    DEFAULT_LIMITS,
    Config,
    DigestConfig,
    Limits,
    LogConfig,
    StoreConfig,
    TopicConfig,
)
from notifier.config.loading import chosen_file, load
from notifier.config.mail import MailConfig, MaildirConfig, SmtpConfig
from notifier.config.sources import Preset, SourceConfig
from notifier.config.token_file import metrics_token
from notifier.config.values import check_database_url, is_loopback, without_password, zone_names
from notifier.config.web import LONGEST_BASE_URL, FeedsConfig, WebConfig

__all__ = [
    "DEFAULT_LIMITS",
    "LONGEST_BASE_URL",
    "PIPE",
    "AlertsConfig",
    "Config",
    "DigestConfig",
    "FeedsConfig",
    "FetchingConfig",
    "ImapPlace",
    "KeepConfig",
    "Limits",
    "LogConfig",
    "MailConfig",
    "MaildirConfig",
    "Preset",
    "SmtpConfig",
    "SourceConfig",
    "StoreConfig",
    "TopicConfig",
    "WebConfig",
    "check_database_url",
    "chosen_file",
    "inbox_password",
    "is_loopback",
    "load",
    "metrics_token",
    "secret_key",
    "unknown_variables",
    "without_password",
    "zone_names",
]
