"""Fetching: a model from an address the user named. Nothing else in Exocortex uses the internet."""
