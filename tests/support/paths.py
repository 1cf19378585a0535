"""The paths of the checkout, the tests, and the data of the tests."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
TESTS = CHECKOUT / "tests"
DATA = TESTS / "data"
PYTHON_PATH = f"{CHECKOUT}{os.pathsep}{TESTS}"  # PYTHONPATH for a child process that imports notifier or the helpers
