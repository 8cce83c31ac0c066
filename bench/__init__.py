"""Benchmarks: speed and quality, measured on data that is not part of the project. Never part of the tests."""
