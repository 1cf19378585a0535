"""What the checks look at: the config, and the database, which is opened once and never changed."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from notifier.config import Config
from notifier.errors import StoreError
from notifier.operations.doctor.findings import CannotTellError
from notifier.store import inspection

if TYPE_CHECKING:
    from dns.resolver import Resolver
    from sqlalchemy import Engine


@dataclass
class Setup:
    """The set-up that is examined at `now`; `file` is the config file, if there is one.

    `resolver` asks the name servers; None means the resolver of the system.
    """

    config: Config
    file: Path | None
    now: datetime
    resolver: Resolver | None = None
    _lock: Lock = field(default_factory=Lock)

    @cached_property
    def _engine(self) -> Engine:
        return inspection.open_unchanged(self.config.store_url)

    def engine(self) -> Engine:
        """Return the database, whatever its schema is. Raises StoreError if there is none."""
        with self._lock:
            return self._engine

    def store(self) -> Engine:
        """Return the database. Raises CannotTellError if it cannot be read, or has another schema."""
        try:
            engine = self.engine()
            inspection.check_schema(engine)
        except StoreError:
            raise CannotTellError("the database cannot be used; see its own findings") from None
        return engine

    def close(self) -> None:
        """Close the database."""
        if "_engine" in vars(self):
            self._engine.dispose()

    def path_in_config(self, path: Path) -> str:
        """Return a path as the config would name it: relative to the folder of the config if it is inside that."""
        return str(path.relative_to(self.config.base)) if path.is_relative_to(self.config.base) else str(path)

    @property
    def service_user(self) -> int:
        """The id of the user who the service runs as: the owner of the database, of the key, or of their folders."""
        places = (self.config.database_file, self.config.path(self.config.secret_file))
        for place in (*places, *(each.parent for each in places if each)):
            if place and os.path.exists(place):  # noqa: PTH110 - Path.exists may raise PermissionError
                return place.stat().st_uid
        return os.geteuid()


def user_name(user: int) -> str:
    """Return the name of a user, or the number of one who has no name."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
