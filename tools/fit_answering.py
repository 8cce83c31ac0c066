"""Fits the weights of the extractive engine: `python tools/fit_answering.py DATA [--cache FILE]`.

DATA is a folder with the SQuADShifts sets (Miller et al. 2020) in SQuAD's format: squadshifts-new_wiki.json,
squadshifts-reddit.json, squadshifts-amazon_reviews.json. They are dealt into vaults of 80 to 90 paragraphs. Each vault
is asked four kinds of questions: some of its own (`gold`); some whose paragraph is taken out (`removed`); some of other
vaults and other sets (`off`); and some of its own with one word exchanged for another of the same paragraph (`swap`),
as many of SQuAD 2.0's unanswerable questions differ from answerable ones.

Ranking is a softmax over the sentences of a question's passages, confidence a logistic regression on the best sentence
so ranked: gold (if a sentence with the answer is among the passages) against the other three. Both are fitted on the
vaults but each fourth, which the printed figures come from, and both thresholds by the rules in their docstrings. The
printed constants belong in exocortex/answering/weights.py and composing.py. The fit sees the sentences that the ranking
of weights.py lets through, so a second run moves a weight by a hundredth. `--cache` keeps the vectors of sentences
between runs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from exocortex.answering import evidence
from exocortex.answering.questions import Question, read_question
from exocortex.answering.weights import Linear
from exocortex.core.answers import Hit, Ranks, Snippet
from exocortex.core.chunks import Chunk
from exocortex.core.notes import NoteRef
from exocortex.core.words import content_terms, fold, fts_match
from exocortex.core.words import terms as words_of
from exocortex.engines.onnx_embedder import OnnxEmbedder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MODEL = Path(__file__).resolve().parent.parent / "assets" / "models" / "all-MiniLM-L6-v2"
Kind = Literal["gold", "removed", "off", "swap"]
SETS = {"new_wiki": 80, "reddit": 90, "amazon_reviews": 90}
"""Paragraphs a vault."""
ASKED: dict[Kind, int] = {"gold": 80, "removed": 45, "off": 30, "swap": 40}
"""Questions a vault."""
VAULTS = 16
PASSAGES = 24
MEANING = 0.4
"""Weight of the meaning arm in the stand-in for retrieval."""
LONGEST_PASSAGE = 900
LOST = 0.02
"""Share of the answerable questions that a language model may never hear of."""
_RANKING = """
inside beside passage pairs names names_near new length nothing_new figure_found figure_missing name_found name_missing
reason_found reason_missing asks similarity passage_similarity
"""
RANKING_FEATURES = tuple(_RANKING.split())
_CONFIDENCE = "nearest apart similarity passage_similarity pairs bare lost_names figure_missing name_missing"
CONFIDENCE_FEATURES = tuple(_CONFIDENCE.split())
SHARES: dict[Kind, float] = {"gold": 0.5, "removed": 0.15, "off": 0.2, "swap": 0.15}
"""What part of the questions each kind stands for when the confidence is fitted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a set, with the paragraph that answers it."""

    text: str
    paragraph: int
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a set; `title` is empty where the set has none worth reading."""

    article: int
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A question asked of a vault: what was measured of each sentence, and which of them answer."""

    kind: Kind
    held_out: bool
    question: Question
    measured: tuple[evidence.Measured, ...]
    answers: tuple[bool, ...]


class Embeddings:
    """Vectors of texts, each made once."""

    def __init__(self, cache: Path | None) -> None:
        self._engine = OnnxEmbedder(MODEL)
        self._cache = cache
        self._known: dict[str, NDArray[np.float32]] = {}
        if cache and cache.exists():
            stored = np.load(cache)
            self._known = dict(zip(stored["texts"].tolist(), stored["vectors"].astype(np.float32), strict=True))

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (n, dimensions)."""
        fresh = list(dict.fromkeys(text for text in texts if text not in self._known))
        if fresh:
            self._known.update(zip(fresh, self._engine.embed(fresh), strict=True))
        return np.stack([self._known[text] for text in texts])

    def save(self) -> None:
        """Keep the vectors for the next run."""
        if self._cache:
            vectors = np.stack(list(self._known.values())).astype(np.float16)
            np.savez(self._cache, texts=np.array(list(self._known)), vectors=vectors)


class Vault:
    """Passages that can be searched by words and meaning, in memory."""

    def __init__(self, paragraphs: Mapping[int, Paragraph], embeddings: Embeddings) -> None:
        self._passages = [
            (number, paragraph.title, piece)
            for number, paragraph in paragraphs.items()
            for piece in _pieces(paragraph.text)
        ]
        self._vectors = embeddings.of([f"{title}\n{text}".strip() for _, title, text in self._passages])
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "CREATE VIRTUAL TABLE passages USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')"
        )
        rows = [(row, fold(f"{title} {text}")) for row, (_, title, text) in enumerate(self._passages)]
        self._database.executemany("INSERT INTO passages(rowid, text) VALUES (?, ?)", rows)

    def search(self, question: str, vector: NDArray[np.float32], without: int | None) -> list[tuple[int, Hit]]:
        """The best passages with the numbers of their paragraphs, as if those of one paragraph were not there."""
        sql = "SELECT rowid, -bm25(passages) FROM passages WHERE passages MATCH ?"
        match = fts_match(question.split())
        words = dict(self._database.execute(sql, (match,)).fetchall()) if match else {}
        meaning = (self._vectors @ vector).tolist()
        there = [row for row, (number, _, _) in enumerate(self._passages) if number != without]
        by_words = _spread({row: words[row] for row in there if row in words})
        by_meaning = _spread({row: meaning[row] for row in there})
        scores = {row: (1 - MEANING) * by_words.get(row, 0.0) + MEANING * by_meaning[row] for row in there}
        best = sorted(scores, key=lambda row: -scores[row])[:PASSAGES]
        return [(self._passages[row][0], self._hit(row, scores[row])) for row in best]

    def _hit(self, row: int, score: float) -> Hit:
        number, title, text = self._passages[row]
        chunk = Chunk(str(row), title, (), text, 2, 2, embedded=True)
        note = NoteRef(str(number), "set", f"{number}.md", title, None)
        return Hit(note, "", chunk, score, Ranks(None, None), Snippet("", 1, ()))


def _spread(scores: Mapping[int, float]) -> dict[int, float]:
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {row: (score - low) / ((high - low) or 1.0) for row, score in scores.items()}


def _pieces(text: str) -> Iterator[str]:
    """A paragraph, or its parts at the ends of sentences if it is longer than a chunk."""
    piece = ""
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        if piece and len(piece) + len(sentence) > LONGEST_PASSAGE:
            yield piece
            piece = ""
        piece = f"{piece} {sentence}".strip()
    yield piece


def read_set(file: Path, titled: bool) -> tuple[list[Paragraph], list[Asked]]:
    """The paragraphs and the questions of a set."""
    paragraphs: list[Paragraph] = []
    questions: list[Asked] = []
    for number, article in enumerate(json.loads(file.read_text("utf-8"))["data"]):
        title = str(article.get("title", "")).replace("_", " ") if titled else ""
        for paragraph in article["paragraphs"]:
            owner = number if titled else len(paragraphs)
            questions += [
                Asked(one["question"], len(paragraphs), tuple(_normal(answer["text"]) for answer in one["answers"]))
                for one in paragraph["qas"]
            ]
            paragraphs.append(Paragraph(owner, title, paragraph["context"]))
    return paragraphs, questions


def _normal(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .,;:!?\"'")


def dealt(paragraphs: Sequence[Paragraph], size: int, chance: random.Random) -> Iterator[set[int]]:
    """Vaults of whole articles, of at least `size` paragraphs each."""
    articles: dict[int, list[int]] = {}
    for number, paragraph in enumerate(paragraphs):
        articles.setdefault(paragraph.article, []).append(number)
    order = list(articles.values())
    chance.shuffle(order)
    vault: set[int] = set()
    for article in order:
        vault.update(article)
        if len(vault) >= size:
            yield vault
            vault = set()


def swapped(question: str, paragraph: str, chance: random.Random) -> str | None:
    """The question with one content word exchanged for one of the paragraph that is written alike; None if none is."""
    content = set(content_terms([question]))
    inside = [match for match in re.finditer(r"[^\W_]+", question) if match[0].lower() in content]
    others = [word for word in re.findall(r"[^\W_]+", paragraph) if words_of(word) and word.lower() not in content]
    useful = [word for word in others if word.lower() in set(content_terms([word])) and len(word) > 2]
    choices = [(match, [word for word in useful if _shape(word) == _shape(match[0])]) for match in inside[1:]]
    choices = [(match, words) for match, words in choices if words]
    if not choices:
        return None
    match, words = chance.choice(choices)
    other = chance.choice(words)
    return f"{question[: match.start()]}{other}{question[match.end() :]}"


def _shape(word: str) -> str:
    if word[0].isdigit():
        return "0"
    return "A" if word[0].isupper() else word[-2:]


def trials(data: Path, embeddings: Embeddings) -> Iterator[Trial]:
    """Every question asked of every vault."""
    read = {name: read_set(data / f"squadshifts-{name}.json", name == "new_wiki") for name in SETS}
    for name, size in SETS.items():
        chance = random.Random(7)  # noqa: S311 - a fixed deal, so that the constants can be had again
        paragraphs, questions = read[name]
        foreign = [one for other in read if other != name for one in read[other][1]]
        for number, kept in enumerate(list(dealt(paragraphs, size, chance))[:VAULTS]):
            vault = Vault({one: paragraphs[one] for one in sorted(kept)}, embeddings)
            own = [one for one in questions if one.paragraph in kept]
            chance.shuffle(own)
            elsewhere = [one for one in questions if one.paragraph not in kept]
            for kind, asked in _dealt_questions(
                own, [*chance.sample(elsewhere, 60), *chance.sample(foreign, 30)], chance
            ):
                text = swapped(asked.text, paragraphs[asked.paragraph].text, chance) if kind == "swap" else asked.text
                if text:
                    yield trial(kind, number % 4 == 3, text, asked, vault, embeddings)
            print(f"\r{name} {number + 1}   ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _dealt_questions(own: list[Asked], other: list[Asked], chance: random.Random) -> Iterator[tuple[Kind, Asked]]:
    chance.shuffle(other)
    first, second = ASKED["gold"], ASKED["gold"] + ASKED["removed"]
    yield from (("gold", one) for one in own[:first])
    yield from (("removed", one) for one in own[first:second])
    yield from (("off", one) for one in other[: ASKED["off"]])
    yield from (("swap", one) for one in own[: ASKED["swap"]])


def trial(kind: Kind, held_out: bool, text: str, asked: Asked, vault: Vault, embeddings: Embeddings) -> Trial:
    """Ask one question and measure its sentences as the engine does."""
    question = read_question(text)
    vector = embeddings.of([question.text])[0]
    found = vault.search(text, vector, asked.paragraph if kind == "removed" else None)
    pool = evidence.candidates([hit for _, hit in found])
    weights = evidence.rarities(question, pool)
    kept = evidence.shortlist(question, pool, weights)
    similarities = (embeddings.of([one.embedded for one in kept]) @ vector).tolist()
    answers = [
        kind == "gold"
        and found[one.hit][0] == asked.paragraph
        and any(accepted in _normal(one.span.quote) for accepted in asked.accepted)
        for one in kept
    ]
    measured = evidence.measure(question, kept, weights, similarities)
    return Trial(kind, held_out, question, tuple(measured), tuple(answers))


def _table(rows: Iterable[Mapping[str, float]], names: Sequence[str]) -> Array:
    return np.array([[row.get(name, 0.0) for name in names] for row in rows], dtype=np.float64)


def fit_ranking(learned: Sequence[Trial]) -> Linear:
    """Maximise the share of the softmax that falls on answering sentences (Adam, full batch, decay 1/n)."""
    table = _table((one.features for trial in learned for one in trial.measured), RANKING_FEATURES)
    scale = table.std(axis=0) + 1e-9
    table = table / scale
    right = np.array([answer for trial in learned for answer in trial.answers], dtype=np.float64)
    starts = np.cumsum([0, *(len(trial.measured) for trial in learned)])[:-1]
    sizes = [len(trial.measured) for trial in learned]

    def gradient(weights: Array) -> Array:
        scores = table @ weights
        raised = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        chosen = raised * right
        expected = raised / np.repeat(np.add.reduceat(raised, starts), sizes)
        wanted = chosen / np.repeat(np.add.reduceat(chosen, starts), sizes)
        slope: Array = (table.T @ (expected - wanted) + 2 * weights) / len(learned)
        return slope

    return _linear(0.0, _descend(gradient, len(RANKING_FEATURES)) / scale, RANKING_FEATURES)


def _descend(gradient: Callable[[Array], Array], size: int, steps: int = 400, rate: float = 0.05) -> Array:
    """Adam (Kingma and Ba 2015) with a falling rate."""
    weights, mean, square = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, steps + 1):
        slope = gradient(weights)
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        moved = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-9)
        weights = weights - rate * (1 - step / (steps + 1)) * moved
    return weights


def fit_confidence(rows: Sequence[Mapping[str, float]], kinds: Sequence[Kind]) -> Linear:
    """Logistic regression by Newton's method, each kind weighted to its share."""
    table = _table(rows, CONFIDENCE_FEATURES)
    scale = table.std(axis=0) + 1e-9
    table = np.column_stack([table / scale, np.ones(len(table))])
    wanted = np.array([kind == "gold" for kind in kinds], dtype=np.float64)
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    mass = np.array([SHARES[kind] / counts[kind] for kind in kinds]) * len(kinds)
    decay = np.array([1.0] * len(CONFIDENCE_FEATURES) + [0.0])
    weights = np.zeros(table.shape[1])
    for _ in range(30):
        belief = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (mass * (belief - wanted)) + decay * weights
        bend = (table * (mass * belief * (1 - belief))[:, None]).T @ table + np.diag(decay)
        weights = weights - np.linalg.solve(bend, slope)
    return _linear(float(weights[-1]), weights[:-1] / scale, CONFIDENCE_FEATURES)


def _linear(bias: float, weights: Array, names: Sequence[str]) -> Linear:
    return Linear(round(bias, 3), {name: round(float(weight), 3) for name, weight in zip(names, weights, strict=True)})


def _doubts(one: Trial, ranking: Linear) -> dict[str, float]:
    return evidence.doubts(one.question, one.measured, _best(one, ranking))


def _first(one: Trial, ranking: Linear) -> bool:
    return one.answers[_best(one, ranking)]


def _best(one: Trial, ranking: Linear) -> int:
    scores = [ranking.score(row.features) for row in one.measured]
    return scores.index(max(scores))


def report(asked: Sequence[Trial], ranking: Linear, confidence: Linear) -> None:
    """Print what the fitted models do on the held-out vaults."""
    held = [one for one in asked if one.held_out and (one.kind != "gold" or any(one.answers))]
    gold = [one for one in held if one.kind == "gold"]
    print(f"held out: first sentence {np.mean([_first(one, ranking) for one in gold]):.3f} of {len(gold)}")
    belief = {
        kind: [1 / (1 + np.exp(-confidence.score(_doubts(one, ranking)))) for one in held if one.kind == kind]
        for kind in SHARES
    }
    for kind in ("removed", "off", "swap"):
        above = np.mean([[a > b for b in belief[kind]] for a in belief["gold"]])
        print(f"AUROC gold against {kind}: {above:.3f}")
    refused = {
        step: {kind: float(np.mean(np.array(belief[kind]) < step)) for kind in belief}
        for step in (number / 20 for number in range(1, 13))
    }
    for step, shares in refused.items():
        print(f"abstains below {step:.2f}: " + "  ".join(f"{kind} {share:.3f}" for kind, share in shares.items()))
    print(f"THRESHOLD {max(refused, key=lambda step: refused[step]['off'] - refused[step]['gold']):.2f}")
    print(f"WORTH_ASKING {max((step for step in refused if refused[step]['gold'] <= LOST), default=0.0):.2f}")


def main() -> None:
    """Fit both models and print their constants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    embeddings = Embeddings(options.cache)
    asked = [one for one in trials(options.data, embeddings) if one.measured]
    embeddings.save()
    learned = [one for one in asked if not one.held_out and (one.kind != "gold" or any(one.answers))]
    ranking = fit_ranking([one for one in learned if one.kind == "gold"])
    confidence = fit_confidence([_doubts(one, ranking) for one in learned], [one.kind for one in learned])
    for name, model in (("RANKING", ranking), ("CONFIDENCE", confidence)):
        print(f"{name} bias {model.bias}")
        print("".join(f'        "{feature}": {weight},\n' for feature, weight in model.weights.items()))
    report(asked, ranking, confidence)


if __name__ == "__main__":
    main()
