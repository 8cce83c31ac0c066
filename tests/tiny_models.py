"""Real GGUF files of half a megabyte: llama architecture, random weights, every byte of a text a token of its own.

llama.cpp loads them and generates in a quarter of a second; what they say is noise, the same noise for the same seed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType
from gguf.quants import quantize

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CONTROL = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
VOCABULARY = (*CONTROL, *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *map(chr, range(0x21, 0x7F)))
"""Control tokens, a token for each byte, then the characters of ASCII; `▁` stands for a space."""
HEAD = 64
"""Width of an attention head."""


def make_model(
    path: Path,
    *,
    name: str = "Tiny",
    layers: int = 2,
    width: int = 128,
    context: int = 2048,
    template: str | None = CHATML,
    licence: str | None = "apache-2.0",
    seed: int = 0,
) -> Path:
    """Write a model to `path` and return it; `width` is a multiple of 64. Another seed gives other weights."""
    writer = GGUFWriter(path, "llama")
    writer.add_name(name)
    if licence is not None:
        writer.add_license(licence)
    _describe(writer, layers, width, context)
    _add_tokenizer(writer, template)
    _add_weights(writer, layers, width, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: GGUFWriter, layers: int, width: int, context: int) -> None:
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(2)
    writer.add_vocab_size(len(VOCABULARY))
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(3 * width)
    writer.add_head_count(width // HEAD)
    writer.add_head_count_kv(kv_heads(width))
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)


def kv_heads(width: int) -> int:
    """Two heads share their keys and values, as in real models."""
    return max(1, width // HEAD // 2)


def _add_tokenizer(writer: GGUFWriter, template: str | None) -> None:
    kinds = [TokenType.CONTROL] * len(CONTROL) + [TokenType.BYTE] * 256
    kinds += [TokenType.NORMAL] * (len(VOCABULARY) - len(kinds))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(list(VOCABULARY))
    writer.add_token_scores([0.0] * len(VOCABULARY))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    if template is not None:
        writer.add_chat_template(template)


def _add_weights(writer: GGUFWriter, layers: int, width: int, random: np.random.Generator) -> None:
    """Matrices as Q8_0, norms as float32; each shape is (rows, columns)."""

    def matrix(name: str, rows: int, columns: int) -> None:
        weights = random.normal(0.0, columns**-0.5, (rows, columns)).astype(np.float32)
        kind = GGMLQuantizationType.Q8_0
        writer.add_tensor(f"{name}.weight", quantize(weights, kind), raw_dtype=kind)

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))

    matrix("token_embd", len(VOCABULARY), width)
    for layer in range(layers):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm")
        matrix(f"{block}.attn_q", width, width)
        matrix(f"{block}.attn_k", kv_heads(width) * HEAD, width)
        matrix(f"{block}.attn_v", kv_heads(width) * HEAD, width)
        matrix(f"{block}.attn_output", width, width)
        norm(f"{block}.ffn_norm")
        matrix(f"{block}.ffn_gate", 3 * width, width)
        matrix(f"{block}.ffn_up", 3 * width, width)
        matrix(f"{block}.ffn_down", width, 3 * width)
    norm("output_norm")
    matrix("output", len(VOCABULARY), width)
