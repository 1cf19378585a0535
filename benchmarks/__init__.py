"""What notifier costs, measured in child processes: `make bench`, or `python -m benchmarks PART...`."""
