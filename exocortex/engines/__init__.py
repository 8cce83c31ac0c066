"""Engines: one module for each heavy library, behind the ports of the core."""
