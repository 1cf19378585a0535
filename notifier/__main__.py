"""Run the command line for `python -m notifier`."""

from notifier.cli import main

main()
