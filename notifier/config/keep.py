"""The keys of `[keep]`: for how many days old rows and files are kept."""

from __future__ import annotations

from pydantic import Field, field_validator

from notifier.config.table import ConfigTable

LONGEST = 36_500  # days
# A digest may be about papers of the last 30 days, and a paper may be announced again 14 days after it was first seen.
# Then the row of the earlier delivery must still show that the subscriber had the paper, even if a clock was a week
# wrong.
SHORTEST_DELIVERIES = 60


class KeepConfig(ConfigTable):
    """For how many days old rows and files are kept; 0 means for ever."""

    deliveries: int = Field(default=365, ge=0, le=LONGEST)
    listings: int = Field(default=30, ge=0, le=LONGEST)
    fetched: int = Field(default=30, ge=0, le=LONGEST)
    sources: int = Field(default=90, ge=0, le=LONGEST)
    admin_log: int = Field(default=730, ge=0, le=LONGEST)

    @field_validator("deliveries")
    @classmethod
    def _check_deliveries(cls, days: int) -> int:
        if 0 < days < SHORTEST_DELIVERIES:
            raise ValueError(
                f"keep deliveries for {SHORTEST_DELIVERIES} days or more, or 0 for ever: they say which papers a "
                "subscriber has got"
            )
        return days
