"""Zip archives of evidence: a strict reader that nothing can inflate or confuse, and a writer with one output.

The format is PKWARE's APPNOTE 6.3 (ZIP), read by our own code, because general readers are lax where two of them can
see two contents in the same bytes.  Here the directory, the local headers and the data must tell one story: members
lie side by side from the first byte to the directory, without gap or overlap; both headers agree; sizes and CRC-32
hold; the directory ends where the archive's end says.  All caps are checked before anything is unpacked, and nothing
is ever written to a disk.
"""

from vaultproof.archive.limits import ZipLimits
from vaultproof.archive.reading import read_zip
from vaultproof.archive.writing import write_stored_zip

__all__ = ["ZipLimits", "read_zip", "write_stored_zip"]
