"""Write numbers with the noun that they count."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as `1 paper` or `2 papers`; the plural has an `s` unless one is given."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
