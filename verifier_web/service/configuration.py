"""The service's configuration: typed, from a TOML file and the environment, with every cap it knows.

Names are those of the fields here; in the environment they are in upper case, after ``VAULTPROOF_SERVICE_``.  The
environment wins over the file.  Lists are TOML lists in a file, and separated by commas in the environment.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from vaultproof.errors import Unavailable

PREFIX = "VAULTPROOF_SERVICE_"
MIB = 1024 * 1024
Network = IPv4Network | IPv6Network


def _cap(default: int, unit: str, about: str, *, minimum: int = 1, shown: bool = True) -> Any:
    """A whole number with a unit; ``shown`` caps stand on the page about limits."""
    return field(default=default, metadata={"about": about, "unit": unit, "minimum": minimum, "shown": shown})


def _set(default: Any, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that can be set; each field's meaning stands in its metadata (``about``, ``unit``)."""

    listen: str = field(
        default="127.0.0.1:8080",
        metadata={"about": "Address and port to listen on; port 0 takes any free one."},
    )
    site: Path = field(
        default=Path("site"),
        metadata={"about": "The folder of the built site that is served, and whose deployments are checked."},
    )
    trust: Path | None = field(
        default=None,
        metadata={"about": "A folder of pinned keys and roots; by default those that the site publishes."},
    )
    hosts: tuple[str, ...] = _set(
        ("localhost", "127.0.0.1", "[::1]"), "The host names that are answered; a leading dot takes subdomains too."
    )
    trusted_proxies: tuple[Network, ...] = _set(
        (), "Networks of proxies in front, whose X-Forwarded-For is believed; nobody's by default."
    )

    workers: int = _cap(
        max(1, os.cpu_count() or 1), "processes", "How many checks run at once.", minimum=1, shown=False
    )
    recycle_after: int = _cap(
        1000, "checks", "After so many checks a worker process ends and a fresh one takes its place.", shown=False
    )
    queue_length: int = _cap(32, "requests", "How many requests may wait for a check to begin.")
    queue_per_client: int = _cap(8, "requests", "How many requests of one client may be checked or wait at once.")
    queue_seconds: int = _cap(10, "seconds", "How long a request waits for a check to begin.")
    check_seconds: int = _cap(20, "seconds", "How long one check may take.")
    check_memory_bytes: int = _cap(
        1024 * MIB, "bytes", "How much address space the process of a check may use.", minimum=512 * MIB
    )

    upload_bytes: int = _cap(32 * MIB, "bytes", "Size of a whole upload: the archive, or all files with their names.")
    upload_total_bytes: int = _cap(96 * MIB, "bytes", "Size of all files of an upload together, unpacked.")
    upload_members: int = _cap(2000, "members", "How many members an archive may have, files and folders.")
    upload_ratio: int = _cap(200, "times", "How many times its packed size one member may unpack to.")
    upload_name_bytes: int = _cap(800, "bytes", "Length of one member's name as the archive stores it.")
    upload_depth: int = _cap(8, "folders", "How many folders a file may lie below the top.", minimum=2)
    upload_parts: int = _cap(2000, "parts", "How many parts a form with files may have.", minimum=2)
    uploads_in_memory_bytes: int = _cap(
        256 * MIB, "bytes", "Size of all uploads together that this service holds at once."
    )

    head_bytes: int = _cap(16 * 1024, "bytes", "Size of a request's first line and headers.", minimum=1024)
    receive_seconds: int = _cap(30, "seconds", "How long a client may take to send a whole request.")
    idle_seconds: int = _cap(15, "seconds", "How long a connection may stay open with nothing asked.")
    send_seconds: int = _cap(30, "seconds", "How long a client may take nothing of its answer.")
    linger_seconds: int = _cap(
        5, "seconds", "How long a client that was turned away may be silent before its connection is closed."
    )
    refused_bytes: int = _cap(
        64 * MIB,
        "bytes",
        "How much of a request that was turned away is still taken, and dropped.",
    )
    connections: int = _cap(512, "connections", "How many connections may be open at once.", minimum=8)
    connections_per_client: int = _cap(
        64, "connections", "How many connections of one client may be open at once (proxies may have all)."
    )
    shutdown_seconds: int = _cap(
        30, "seconds", "How long running requests may go on after the service was told to stop.", shown=False
    )

    @property
    def host(self) -> str:
        """The address to listen on."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])


def load_configuration(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Configuration:
    """The configuration from ``file`` (TOML) and ``environment``, which wins.

    Raises ``Unavailable("service-configuration")`` for a file that cannot be read, a name that does not exist, and a
    value that is not of its kind; the error names where it stands.
    """
    given = _from_file(file) if file is not None else {}
    for name, text in (os.environ if environment is None else environment).items():
        if name.startswith(PREFIX):
            given[name.removeprefix(PREFIX).lower()] = (text, name)
    known = {found.name: found for found in fields(Configuration)}
    values: dict[str, Any] = {}
    for name, (value, place) in given.items():
        if name not in known:
            raise _wrong(place, "there is no such setting", ", ".join(known), name)
        values[name] = _READERS[str(known[name].type)](value, place, known[name].metadata)
    return Configuration(**values)


def _from_file(file: Path) -> dict[str, tuple[Any, str]]:
    try:
        with file.open("rb") as stream:
            table = tomllib.load(stream)
    except OSError as error:
        raise _wrong(str(file), "cannot be read", None, error.strerror or str(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(str(file), "is not TOML", None, str(error)) from None
    return {name: (value, f"{file}: {name}") for name, value in table.items()}


def _wrong(place: str, message: str, expected: str | None, found: object) -> Unavailable:
    return Unavailable(
        "service-configuration", message, file=place, expected=expected, found=str(found)[:80],
        hint="vaultproof serve --settings shows what can be set",
    )  # fmt: skip


def _text(value: Any, place: str, about: Mapping[str, Any]) -> str:  # noqa: ARG001 - one signature - one shape for all readers
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not (host and colon and port.isascii() and port.isdigit() and int(port) < 65536):
        raise _wrong(place, "is no address and port", "for example 127.0.0.1:8080", value)
    return f"{host}:{port}"


def _path(value: Any, place: str, about: Mapping[str, Any]) -> Path:  # noqa: ARG001 - one signature
    if not isinstance(value, str) or not value:
        raise _wrong(place, "is no folder", "a path", value)
    return Path(value)


def _number(value: Any, place: str, about: Mapping[str, Any]) -> int:
    minimum = about["minimum"]
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise _wrong(place, "is not such a number", f"a whole number of {about['unit']}, at least {minimum}", value)
    return value


def _names(value: Any, place: str, about: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG001 - one signature
    items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
    if not isinstance(items, list) or not items or not all(isinstance(item, str) and item for item in items):
        raise _wrong(place, "is no list of names", "names, separated by commas", value)
    return tuple(items)


def _networks(value: Any, place: str, about: Mapping[str, Any]) -> tuple[Network, ...]:
    if value in ("", []):
        return ()
    try:
        return tuple(ip_network(item) for item in _names(value, place, about))
    except ValueError as error:
        raise _wrong(place, "is no list of networks", "for example 10.0.0.0/8, 127.0.0.1", error) from None


_READERS = {
    "str": _text,
    "Path": _path,
    "Path | None": _path,
    "int": _number,
    "tuple[str, ...]": _names,
    "tuple[Network, ...]": _networks,
}


def describe(configuration: Configuration) -> tuple[str, ...]:
    """Every setting as a line of TOML, after a comment that says what it means."""
    lines = []
    for found in fields(Configuration):
        value = getattr(configuration, found.name)
        lines += [f"# {found.metadata['about']}", f"{'# ' if value is None else ''}{found.name} = {_toml(value)}", ""]
    return tuple(lines[:-1])


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return str(value) if isinstance(value, int) else f'"{value or ""}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One cap as it is shown: its name, value, unit and meaning."""

    name: str
    value: int
    unit: str
    about: str


def limits(configuration: Configuration) -> tuple[Limit, ...]:
    """Every cap that a client can run into, in the order in which they are declared."""
    return tuple(
        Limit(
            name=found.name,
            value=getattr(configuration, found.name),
            unit=found.metadata["unit"],
            about=found.metadata["about"],
        )
        for found in fields(Configuration)
        if found.metadata.get("shown")
    )
