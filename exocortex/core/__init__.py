"""The nouns: plain frozen data and pure functions over it. Standard library only, no I/O."""
