"""Settings, the folders of notes, and the home that holds everything stored. Knows nothing of what settings do."""

from exocortex.config.editing import Added, add_folder, remove_folder, set_text
from exocortex.config.folders import Folder
from exocortex.config.home import ensure_home, private_umask
from exocortex.config.loading import Config, Value, listing, load
from exocortex.config.settings import (
    SETTINGS,
    CaptureSettings,
    DailySettings,
    EmbedderSettings,
    IndexSettings,
    ModelSettings,
    OwnerSettings,
    PrivacySettings,
    SearchSettings,
    StoreSettings,
    WatchSettings,
)

__all__ = [
    "SETTINGS",
    "Added",
    "CaptureSettings",
    "Config",
    "DailySettings",
    "EmbedderSettings",
    "Folder",
    "IndexSettings",
    "ModelSettings",
    "OwnerSettings",
    "PrivacySettings",
    "SearchSettings",
    "StoreSettings",
    "Value",
    "WatchSettings",
    "add_folder",
    "ensure_home",
    "listing",
    "load",
    "private_umask",
    "remove_folder",
    "set_text",
]
