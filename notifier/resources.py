"""Where the files that come with notifier lie: templates, seeds, the example config."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent


def resource(name: str) -> Path:
    """The path of a file or folder that ships with notifier.

    A checkout comes first, so that an edit there is seen at once; a wheel carries the same names inside the package.
    """
    in_checkout = CHECKOUT / name
    is_checkout = (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "templates").is_dir()
    return in_checkout if is_checkout and in_checkout.exists() else PACKAGE / name
