"""The paths of the checkout, the tests, and the data of the tests."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
TESTS = CHECKOUT / "tests"
DATA = TESTS / "data"
