"""Make the pictures of the documents: `make pictures`.

Run the demo in a temporary folder, and let a headless Chromium take two pictures: of the HTML part of one mail, and of
one feed as the web app of the feed reader `reader` shows it. The feed reader and Pillow, which makes the files small,
are installed into a temporary environment by pip.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PICTURES = CHECKOUT / "docs" / "pictures"

MAIL = "ada-example-org.html"
FEED = "theorem-proving.atom"
FEEDS = [FEED, "mixture-of-experts.atom", "quantization.atom"]

PACKAGES = ["reader[app]>=3.26,<4", "sgmllib3k", "pillow>=11"]
COLOURS = 64  # text in few colours needs no more, and the files are a third of the size
MAIL_SIZE = 700, 950
FEED_SIZE = 1000, 730
LARGEST = 200_000  # bytes of a picture

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
START_SECONDS = 30


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="notifier-pictures-") as name:
        folder = Path(name)
        run(folder, sys.executable, "-m", "notifier", "demo")
        python = feed_reader(folder)
        mail = folder / "demo" / "mail" / MAIL
        photograph(folder, mail.as_uri(), MAIL_SIZE, PICTURES / "mail.png")
        with serving(folder, python) as page:
            photograph(folder, page, FEED_SIZE, PICTURES / "feed.png")
        for picture in (PICTURES / "mail.png", PICTURES / "feed.png"):
            make_small(folder, python, picture)
            print(f"{picture.relative_to(CHECKOUT)}: {picture.stat().st_size:,} bytes")


def run(folder: Path, *command: str) -> str:
    """Run a command in `folder` and return what it printed. Raises SystemExit with its output if it failed."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{command[0]} failed with exit code {done.returncode}.")
    return done.stdout


def feed_reader(folder: Path) -> str:
    """Install the feed reader and let it read the feeds; return the Python that runs it."""
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    run(folder, python, "-m", "pip", "install", "--quiet", *PACKAGES)
    for feed in FEEDS:
        run(folder, *reader(folder, python), "add", feed)
    run(folder, *reader(folder, python), "update")
    return python


def reader(folder: Path, python: str) -> list[str]:
    """Return the command line of the feed reader with its database in `folder`."""
    feeds = folder / "demo" / "feeds"
    return [python, "-m", "reader", "--db", str(folder / "reader.sqlite"), "--feed-root", str(feeds)]


@contextmanager
def serving(folder: Path, python: str) -> Iterator[str]:
    """Serve the feed reader's web app; yield the address of the page that shows the feed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*reader(folder, python), "web", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--cache-dir", str(folder / "cache")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/?feed={FEED}"
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int) -> None:
    """Wait until a server listens at `port`. Raises SystemExit if none does in time."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"The feed reader did not listen at port {port} within {START_SECONDS} seconds.")


def photograph(folder: Path, address: str, size: tuple[int, int], picture: Path) -> None:
    """Save what Chromium shows of a page in a window of this size. Raises SystemExit if that fails."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("Chromium is not installed; on Debian, apt install chromium.")
    with tempfile.TemporaryDirectory(dir=folder) as profile:
        window = f"--window-size={size[0]},{size[1]}"
        options = [*BROWSER_OPTIONS, f"--user-data-dir={profile}", window, f"--screenshot={picture}"]
        run(folder, browser, *options, address)


def make_small(folder: Path, python: str, picture: Path) -> None:
    """Rewrite a picture with few colours. Raises SystemExit if it is still too large."""
    code = "import sys; from PIL import Image; path = sys.argv[1]; "
    code += f"Image.open(path).convert('RGB').quantize({COLOURS}).save(path, optimize=True)"
    run(folder, python, "-c", code, str(picture))
    if picture.stat().st_size > LARGEST:
        sys.exit(f"{picture} is larger than {LARGEST:,} bytes; make its window smaller.")


if __name__ == "__main__":
    main()
