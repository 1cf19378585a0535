"""Where the checkout and the tests' own data lie."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
TESTS = CHECKOUT / "tests"
DATA = TESTS / "data"
