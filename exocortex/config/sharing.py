"""Sharing: the settings as a client sends them to the owner of the index, which acts by them from then on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from exocortex.config.loading import Config
from exocortex.config.settings import SearchSettings
from exocortex.core.codec import CodecError, pack, unpack
from exocortex.core.errors import OwnerError


def shared(config: Config) -> Config:
    """The part of the settings that the owner acts by: how results are shown is each client's own business."""
    return replace(config, search=SearchSettings(reranker=config.search.reranker), origins=())


def pack_settings(config: Config) -> str:
    """The shared settings as JSON."""
    return json.dumps(pack(shared(config)))


def unpack_settings(text: str, home: Path) -> Config:
    """What a client sent, for this home and no other; raises OwnerError if it makes no sense."""
    try:
        config: Config = unpack(Config, json.loads(text))
    except (CodecError, ValueError) as error:
        raise OwnerError(f"The owner can't make sense of the settings: {error}.", "Upgrade Exocortex.") from error
    return replace(shared(config), home=home)
