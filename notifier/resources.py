"""Find the files that come with notifier: templates, seeds, the example config."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent


def resource(name: str) -> Path:
    """Return the path of a file or folder that comes with notifier.

    In a checkout this is the file beside the package, so that an edit takes effect at once. An installed wheel holds
    the same names inside the package.
    """
    in_checkout = CHECKOUT / name
    is_checkout = (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "templates").is_dir()
    return in_checkout if is_checkout and in_checkout.exists() else PACKAGE / name
