"""Address: where a server is, as a setting names it, and whether that may be another machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from exocortex.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Address:
    """A URL and the setting it stands in. Raises ConfigError naming the setting if it is no address of a server."""

    url: str
    setting: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ConfigError(f"{self.setting} is no address of a server: {self.url}", "Write it as http://host:port.")

    @property
    def secure(self) -> bool:
        """Whether what is sent there is encrypted."""
        return urlsplit(self.url).scheme == "https"

    @property
    def host(self) -> str:
        """Its name or number, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The one given, or the scheme's own."""
        return urlsplit(self.url).port or (443 if self.secure else 80)

    @property
    def origin(self) -> str:
        """Scheme, host and port; whatever else the URL held is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    @property
    def path(self) -> str:
        """What follows the host, without a slash at its end."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def leaves_the_machine(self) -> bool:
        """Whether the server may be another machine."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"


def require_consent(address: Address, what: str, *, allowed: bool) -> None:
    """Raise ConfigError if a server may be another machine and nothing may leave this one."""
    if address.leaves_the_machine and not allowed:
        raise ConfigError(
            f"{what} would leave this machine for {address.url}",
            f"Set privacy.notes_leave_this_machine to true to allow that, or leave {address.setting} empty.",
        )
