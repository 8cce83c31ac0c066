"""Bytes become text in whatever encoding they came, or are refused as binary."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.parsing.decoding import Unreadable, decode

GERMAN = "Grüße aus München: schöne Bücher über Öl und Äpfel, die Straße heißt noch so. "
FRENCH = "L'été dernier nous étions à la plage, où j'ai mangé une crêpe très bonne. "
RUSSIAN = "Привет, это заметка о поездке в Москву. Мы видели площадь и ели борщ. "
POLISH = "Zażółć gęślą jaźń. Wczoraj byłem w Łodzi i kupiłem książkę. Świetna była! "
JAPANESE = "これは日本語のメモです。今日は天気がいいですね。散歩に行きました。"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_and_is_removed(mark: bytes, encoding: str) -> None:
    assert decode(mark + "Grüße 🌍\r\n".encode(encoding)).text == "Grüße 🌍\r\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_recognised(encoding: str) -> None:
    decoded = decode("Plain words, and an é.".encode(encoding))
    assert decoded.text == "Plain words, and an é."
    assert decoded.warning == "not UTF-8: read as UTF-16"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (GERMAN, "latin-1"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (POLISH, "cp1250"),
        (JAPANESE, "shift_jis"),
        ("Caf\xe9 at noon", "cp1252"),
    ],
)
def test_legacy_encodings_are_guessed(text: str, encoding: str) -> None:
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.warning is not None
    assert decoded.warning.startswith("not UTF-8: read as ")


def test_a_few_damaged_bytes_do_not_make_utf8_something_else() -> None:
    decoded = decode(GERMAN.encode() + b"\xff" + RUSSIAN.encode())
    assert decoded.text == GERMAN + "\ufffd" + RUSSIAN
    assert decoded.warning == "not quite UTF-8: 1 damaged characters"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"text with a \0 in it",
        bytes(range(1, 256)) * 40,
        codecs.BOM_UTF16_LE + b"\0\0a\0",
        codecs.BOM_UTF16_LE + b"\x00\xd8" * 100,
    ],
)
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        decode(data)
    assert refused.value.message == "binary data"


def test_encoded_surrogates_do_not_survive() -> None:
    text = decode("Grüße, Bücher, Öl ".encode() + b"\xed\xa0\x80").text
    assert text.startswith("Grüße, Bücher, Öl ")
    assert not any("\ud800" <= c <= "\udfff" for c in text)


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_unreadable(data: bytes) -> None:
    try:
        text = decode(data).text
    except Unreadable:
        return
    assert "\0" not in text
    text.encode("utf-8")


@given(st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"])))
def test_utf8_is_taken_as_it_is(text: str) -> None:
    decoded = decode(text.encode())
    assert decoded.text == text
    assert decoded.warning is None
