"""GGUF headers: what they say, read without loading anything; what is wrong with them, as one error with a sentence."""

from __future__ import annotations

import os
import struct
import time
from dataclasses import replace
from pathlib import Path

import gguf as writing
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import VOCABULARY, make_model

from exocortex.core.errors import ModelError
from exocortex.storage.gguf import ModelHeader, read_header, read_usable


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny") / "Tiny.gguf")


def header_bytes(*pairs: bytes, version: int = 3, tensors: int = 0, count: int | None = None) -> bytes:
    counts = struct.pack("<IQQ", version, tensors, len(pairs) if count is None else count)
    return b"GGUF" + counts + b"".join(pairs)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def complaint(tmp_path: Path, data: bytes) -> str:
    file = tmp_path / "bad.gguf"
    file.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_header(file)
    assert caught.value.hint
    return caught.value.message


def said_of(file: Path) -> str:
    """The sentence about what is wrong, if something is."""
    try:
        return "cut short" if read_header(file).is_cut_short else "whole"
    except ModelError as error:
        return error.message


def test_what_a_model_says_of_itself(tiny: Path) -> None:
    size = tiny.stat().st_size
    assert read_header(tiny) == ModelHeader(
        name="Tiny",
        kind="model",
        architecture="llama",
        licence="apache-2.0",
        parameters=2 * 356 * 128 + 2 * (2 * 128 + 2 * 128 * 128 + 2 * 64 * 128 + 3 * 128 * 384) + 128,
        quantization="Q8_0",
        context=2048,
        layers=2,
        heads=2,
        kv_heads=1,
        cached_heads=2,
        key_length=64,
        value_length=64,
        embedding_length=128,
        has_chat_template=True,
        parts=1,
        needs=size,
        size=size,
    )
    assert len(VOCABULARY) == 356


def test_what_a_model_leaves_out(tmp_path: Path) -> None:
    made = make_model(tmp_path / "m.gguf", name="", template=None, licence=None, layers=3, width=256, context=512)
    found = read_usable(made)
    assert (found.name, found.licence, found.has_chat_template) == ("m", "", False)
    assert (found.layers, found.heads, found.kv_heads, found.cached_heads, found.context) == (3, 4, 2, 6, 512)


def test_the_sums_are_those_of_the_reference_reader(tiny: Path) -> None:
    tensors = writing.GGUFReader(tiny).tensors
    found = read_header(tiny)
    assert found.parameters == sum(int(one.n_elements) for one in tensors)
    assert found.needs == max(one.data_offset + int(one.n_bytes) for one in tensors)


@pytest.mark.parametrize("kind", [kind for kind in writing.GGMLQuantizationType if kind in writing.GGML_QUANT_SIZES])
def test_every_type_of_weights_is_known(kind: writing.GGMLQuantizationType) -> None:
    from exocortex.storage.quantization import tensor_bytes, tensor_type_name

    block, size = writing.GGML_QUANT_SIZES[kind]
    assert (tensor_type_name(kind), tensor_bytes(kind, block * 7)) == (kind.name, size * 7)


@pytest.mark.parametrize("kind", [kind for kind in writing.LlamaFileType if kind < 1024])
def test_every_type_of_file_is_known(kind: writing.LlamaFileType) -> None:
    from exocortex.storage.quantization import file_type_name

    assert file_type_name(kind) == kind.name.removeprefix("MOSTLY_").removeprefix("ALL_").removesuffix("_MOE")


def test_heads_that_differ_by_layer_are_summed(tmp_path: Path) -> None:
    """Layers without attention, as in hybrid models, keep no keys and values."""
    file = tmp_path / "hybrid.gguf"
    writer = writing.GGUFWriter(file, "lfm2")
    writer.add_block_count(4)
    writer.add_embedding_length(1024)
    writer.add_head_count(16)
    writer.add_head_count_kv([0, 8, 0, 8])
    writer.add_key_length(128)
    write(writer)
    found = read_header(file)
    assert (found.kv_heads, found.cached_heads, found.key_length, found.value_length) == (8, 16, 128, 64)


def test_a_file_of_version_2_is_read_the_same(tiny: Path, tmp_path: Path) -> None:
    data = bytearray(tiny.read_bytes())
    data[4:8] = struct.pack("<I", 2)
    (tmp_path / "Tiny.gguf").write_bytes(data)
    assert read_header(tmp_path / "Tiny.gguf") == read_header(tiny)


def test_a_vocabulary_of_150_000_tokens_takes_milliseconds(tmp_path: Path) -> None:
    writer = writing.GGUFWriter(tmp_path / "big.gguf", "llama")
    writer.add_token_list([f"token{number}" for number in range(150_000)])
    writer.add_token_scores([0.0] * 150_000)
    writer.add_token_merges([f"to ken{number}" for number in range(280_000)])
    writer.add_name("after them")
    write(writer)
    began = time.process_time()
    found = read_header(tmp_path / "big.gguf")
    assert time.process_time() - began < 0.3
    assert found.name == "after them"


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_file_whose_end_is_missing_is_told_by_its_header(tiny: Path, tmp_path: Path, share: float) -> None:
    whole = tiny.read_bytes()
    for length in (int(len(whole) * share), len(whole) - 1):
        cut = tmp_path / "cut.gguf"
        cut.write_bytes(whole[:length])
        assert read_header(cut) == replace(read_header(tiny), size=length)
        with pytest.raises(
            ModelError, match=f"cut short: it has {length:,} bytes, and its tensors need {len(whole):,}"
        ):
            read_usable(cut)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_header_cut_anywhere_is_an_error_with_a_sentence(tiny: Path, data: st.DataObject) -> None:
    whole = tiny.read_bytes()
    cut = tiny.with_name("cut.gguf")
    cut.write_bytes(whole[: data.draw(st.integers(0, 14_000))])
    assert said_of(cut) == "cut short" or "cut.gguf is not a usable model file" in said_of(cut)


@settings(max_examples=300, deadline=2000)
@given(places=st.lists(st.tuples(st.integers(0, 14_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_never_end_in_anything_else(tiny: Path, places: list[tuple[int, int]]) -> None:
    data = bytearray(tiny.read_bytes())
    for place, byte in places:
        data[place] = byte
    flipped = tiny.with_name("flipped.gguf")
    flipped.write_bytes(data)
    assert said_of(flipped)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "doesn't begin as a GGUF file does"),
        (b"GGU", "doesn't begin as a GGUF file does"),
        (b"<!doctype html><title>Sign in</title>", "doesn't begin as a GGUF file does"),
        (header_bytes(version=1), "of GGUF version 1, and versions 2 and 3 can be read"),
        (header_bytes(version=0x03000000), "written for big-endian processors"),
        (header_bytes(count=1 << 63), "more than it can hold"),
        (header_bytes(tensors=1 << 40), "more than it can hold"),
        (header_bytes(struct.pack("<Q", 1 << 63) + b"x" * 20), "ends within its header, or a length in it is wrong"),
        (header_bytes(text("a") + struct.pack("<IIQ", 9, 4, 1 << 62)), "a length in it is wrong"),
        (header_bytes(text("a") + struct.pack("<IIQ", 9, 8, 1 << 62)), "a length in it is wrong"),
        (header_bytes(text("a") + struct.pack("<IIQQ", 9, 8, 1, (1 << 64) - 9)), "a length in it is wrong"),
        (header_bytes(text("a") + struct.pack("<IIQ", 9, 9, 1)), "a property of type 9, which is unknown"),
        (header_bytes(text("abcdef") + struct.pack("<I", 13)), "a property of type 13, which is unknown"),
        (header_bytes(text("general.alignment") + struct.pack("<II", 4, 3)), "aligns its tensors to 3 bytes"),
        (header_bytes(text("general.alignment") + struct.pack("<II", 4, 0)), "aligns its tensors to 0 bytes"),
        (header_bytes(tensors=1) + text("t") + struct.pack("<I", 1 << 31), "has 2,147,483,648 dimensions"),
        (
            header_bytes(tensors=1) + text("t") + struct.pack("<IQQIQ", 2, 1 << 40, 1 << 40, 0, 0),
            "is larger than any disk",
        ),
    ],
)
def test_what_can_not_be_true_is_said(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in complaint(tmp_path, data)


def test_what_is_no_file_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    for path, said in (
        (tmp_path / "pipe.gguf", "is not a file"),
        (tmp_path, "is not a file"),
        (tmp_path / "none.gguf", "can't be read: No such file"),
    ):
        with pytest.raises(ModelError, match=said):
            read_header(path)


def test_what_is_no_whole_language_model_is_named(tmp_path: Path) -> None:
    adapter = writing.GGUFWriter(tmp_path / "adapter.gguf", "llama")
    adapter.add_type("adapter")
    write(adapter)
    words = writing.GGUFWriter(tmp_path / "words.gguf", "llama")
    words.add_token_list(["a"])
    write(words)
    part = make_model(tmp_path / "whole.gguf").read_bytes().replace(b"general.name", b"general.nome", 1)
    split = text("split.count") + struct.pack("<IH", 2, 3)
    count = struct.unpack_from("<Q", part, 16)[0]
    (tmp_path / "part.gguf").write_bytes(part[:16] + struct.pack("<Q", count + 1) + split + part[24:] + bytes(64))
    for name, said in (("adapter", "what it calls “adapter”"), ("words", "without layers"), ("part", "one of 3 parts")):
        with pytest.raises(ModelError, match=said):
            read_usable(tmp_path / f"{name}.gguf")


def write(writer: writing.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
