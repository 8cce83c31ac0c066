"""A language model of random weights at a real size: `python -m bench.random_model FILE [--parameters MILLIONS]`.

It costs what a model of its size costs and says nothing: llama architecture, Q8_0, every byte of a text a token of its
own. One block of random weights is repeated throughout, so that a model of billions needs seconds and little memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType
from gguf.quants import quantize
from numpy.typing import NDArray

HEAD, KV_SHARE, WIDER = 64, 2, 3
"""Width of an attention head, heads that share keys and values, width of the feed-forward part in widths."""
VOCABULARY = 32_000
ROWS = 1021
"""Of the random block; a prime, so that no two matrices begin alike."""

CONTROL = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A matrix, or with one row the scale of a norm."""

    name: str
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Weights."""
        return self.rows * self.columns


def main() -> None:
    """Write one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--parameters", type=int, default=300, help="millions, at least")
    options = parser.parse_args()
    print(f"{write_model(options.file, options.parameters * 1_000_000):,} parameters")


def write_model(path: Path, parameters: int, *, width: int = 1024, context: int = 4096) -> int:
    """Write a model with at least so many parameters; returns how many. `width` is a multiple of 128."""
    ends = _ends(width)
    a_layer = sum(one.size for one in _layer(0, width))
    layers = max(1, ceil((parameters - sum(one.size for one in ends)) / a_layer))
    tensors = [ends[0], *(one for layer in range(layers) for one in _layer(layer, width)), *ends[1:]]
    writer = GGUFWriter(path, "llama")
    writer.add_name("Random")
    writer.add_license("apache-2.0")
    _describe(writer, layers, width, context)
    _add_tokenizer(writer)
    _write(writer, tensors, width)
    return sum(one.size for one in tensors)


def _ends(width: int) -> list[Tensor]:
    """What stands before and after the layers."""
    table = Tensor("token_embd", VOCABULARY, width)
    return [table, Tensor("output_norm", 1, width), Tensor("output", VOCABULARY, width)]


def _layer(number: int, width: int) -> Iterator[Tensor]:
    shared, wide = width // KV_SHARE, WIDER * width
    shapes = {
        "attn_norm": (1, width),
        "attn_q": (width, width),
        "attn_k": (shared, width),
        "attn_v": (shared, width),
        "attn_output": (width, width),
        "ffn_norm": (1, width),
        "ffn_gate": (wide, width),
        "ffn_up": (wide, width),
        "ffn_down": (width, wide),
    }
    return (Tensor(f"blk.{number}.{name}", *shape) for name, shape in shapes.items())


def _describe(writer: GGUFWriter, layers: int, width: int, context: int) -> None:
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(2)
    writer.add_vocab_size(VOCABULARY)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(WIDER * width)
    writer.add_head_count(width // HEAD)
    writer.add_head_count_kv(width // HEAD // KV_SHARE)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)


def _add_tokenizer(writer: GGUFWriter) -> None:
    """Bytes, the characters of ASCII, and words that only the model itself can say."""
    known = [*CONTROL, *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *map(chr, range(0x21, 0x7F))]
    said = [f"▁word{number}" for number in range(VOCABULARY - len(known))]
    kinds = [TokenType.CONTROL] * len(CONTROL) + [TokenType.BYTE] * 256
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*known, *said])
    writer.add_token_scores([0.0] * VOCABULARY)
    writer.add_token_types([*kinds, *[TokenType.NORMAL] * (VOCABULARY - len(kinds))])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)


def _write(writer: GGUFWriter, tensors: list[Tensor], width: int) -> None:
    """The header, then one tensor after the other, none held longer than it takes to write it."""
    kind = GGMLQuantizationType.Q8_0
    weights = np.random.default_rng(0).normal(0.0, width**-0.5, (ROWS, width)).astype(np.float32)
    block = quantize(weights, kind).ravel()
    for tensor in tensors:
        content = _content(tensor, block)
        dtype = None if tensor.rows == 1 else kind
        writer.add_tensor_info(f"{tensor.name}.weight", content.shape, content.dtype, content.nbytes, raw_dtype=dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in tensors:
        writer.write_tensor_data(_content(tensor, block))
    writer.close()


def _content(tensor: Tensor, block: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """The block, over and over; nothing leads to control tokens, so that no reply ends before it is cut off."""
    if tensor.rows == 1:
        return np.ones(tensor.columns, np.float32)
    row = tensor.columns // 32 * 34  # 32 weights of a byte each, and their scale of two
    content = np.resize(block, (tensor.rows, row))
    if tensor.name == "output":
        content[: len(CONTROL)] = 0
    return content


if __name__ == "__main__":
    main()
