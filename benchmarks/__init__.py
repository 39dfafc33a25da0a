"""Benchmarks: ratios taken side by side in one run.  Never a test; see README.md."""
