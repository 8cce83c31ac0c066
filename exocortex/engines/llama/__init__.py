"""llama.cpp as a language model: a GGUF file run by a child process, which may die of it and is replaced then."""

from exocortex.engines.llama.model import LOG, LlamaModel

__all__ = ["LOG", "LlamaModel"]
