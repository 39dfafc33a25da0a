"""How much of an archive is taken, whatever it says of itself."""

from __future__ import annotations

from vaultproof.evidence.files import MAX_FILES, MAX_TOTAL_BYTES
from vaultproof.frozen import frozen
from vaultproof.strict.paths import MAX_PATH_LENGTH


@frozen
class ZipLimits:
    """Caps that are checked before anything is unpacked.

    ``members`` counts files and folders; ``name_bytes`` is the length of one name as stored; ``total_bytes`` the
    unpacked size of all members; ``archive_bytes`` the size of the archive itself; ``ratio`` how many times larger
    than its packed bytes (at least 1024 of them are assumed) one member may become.
    """

    members: int = MAX_FILES
    name_bytes: int = 4 * MAX_PATH_LENGTH
    total_bytes: int = MAX_TOTAL_BYTES
    archive_bytes: int = MAX_TOTAL_BYTES + 32 * 1024 * 1024
    ratio: int = 200
