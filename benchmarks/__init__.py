"""Benchmarks of notifier, run in child processes by `make bench` or `python -m benchmarks PART...`."""
