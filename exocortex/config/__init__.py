"""Settings, the folders of notes, and the home that holds everything stored. Knows nothing of what settings do."""

from exocortex.config.editing import Added, add_folder, remove_folder
from exocortex.config.folders import Folder
from exocortex.config.home import ensure_home, private_umask
from exocortex.config.loading import Config, Value, listing, load
from exocortex.config.settings import SETTINGS, EmbedderSettings, IndexSettings, SearchSettings

__all__ = [
    "SETTINGS",
    "Added",
    "Config",
    "EmbedderSettings",
    "Folder",
    "IndexSettings",
    "SearchSettings",
    "Value",
    "add_folder",
    "ensure_home",
    "listing",
    "load",
    "private_umask",
    "remove_folder",
]
