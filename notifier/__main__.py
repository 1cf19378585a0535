"""`python -m notifier` is the same as the console script."""

from notifier.cli import main

main()
