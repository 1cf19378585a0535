"""The config: a TOML file, whose keys environment variables can override.

`keys`, `fetching` and `sources` hold all keys with their defaults, and `loading` reads them. A config that was loaded
never changes.
"""

from notifier.config.alerts import AlertsConfig
from notifier.config.environment import unknown_variables
from notifier.config.fetching import FetchingConfig
from notifier.config.key_file import secret_key
from notifier.config.keys import (
    DEFAULT_LIMITS,
    LONGEST_BASE_URL,
    Config,
    DigestConfig,
    FeedsConfig,
    Limits,
    LogConfig,
    MailConfig,
    MaildirConfig,
    SmtpConfig,
    StoreConfig,
    TopicConfig,
    WebConfig,
)
from notifier.config.loading import chosen, load
from notifier.config.sources import Preset, SourceConfig
from notifier.config.values import zone_names

__all__ = [
    "DEFAULT_LIMITS",
    "LONGEST_BASE_URL",
    "AlertsConfig",
    "Config",
    "DigestConfig",
    "FeedsConfig",
    "FetchingConfig",
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
    "chosen",
    "load",
    "secret_key",
    "unknown_variables",
    "zone_names",
]
