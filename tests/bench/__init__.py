"""Benchmarks: this project beside what a user would pick instead; `python tests/bench`, or with the names of some rows."""
