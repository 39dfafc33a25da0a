"""``logs.json``: where each signer's log is read, and how long published evidence may lag behind it.

An address is not believed: whatever comes from it is checked under pinned keys.  So this file is not part of the trust
digest, and another mirror's address may stand in its place.
"""

from __future__ import annotations

from datetime import timedelta

from vaultproof.frozen import frozen
from vaultproof.strict.json import loads
from vaultproof.strict.records import Reader
from vaultproof.trust.configuration import Provenance, read_provenance

LOGS_FILE = "logs.json"
_URL = r"https://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*"


@frozen
class LogAddress:
    """Where the log of a signer (by its id in ``trust.json``) is read: an address without a slash at its end."""

    signer: str
    url: str
    provenance: tuple[Provenance, ...]


@frozen
class Logs:
    """All addresses; ``grace`` is the time that evidence of a logged epoch may take to be published, and back."""

    grace: timedelta
    addresses: tuple[LogAddress, ...]

    def address(self, signer: str) -> LogAddress | None:
        """The address of this signer's log, if one is known."""
        return next((item for item in self.addresses if item.signer == signer), None)


def read_logs(data: bytes, *, file: str = LOGS_FILE) -> Logs:
    """Typed addresses from the bytes of the file.  Raises ``Malformed`` or ``Unsupported``."""
    reader = Reader(loads(data, file=file), file=file)
    reader.schema("logs")
    logs = Logs(
        grace=timedelta(days=reader.integer("grace_days", maximum=366)),
        addresses=tuple(_address(item) for item in reader.objects("logs", maximum=100)),
    )
    reader.done()
    signers = [item.signer for item in logs.addresses]
    if len(set(signers)) != len(signers):
        raise reader.wrong("logs", "one entry a signer", signers)
    return logs


def _address(reader: Reader) -> LogAddress:
    address = LogAddress(
        signer=reader.text("signer"),
        url=reader.text("url", maximum=300, pattern=_URL),
        provenance=read_provenance(reader),
    )
    reader.done()
    return address
