"""The fixed parts of a zip archive (APPNOTE 6.3, section 4.3) and the numbers in them that matter here."""

from __future__ import annotations

import struct

END = struct.Struct("<4s4H2LH")
"""End of central directory: signature, four disk and member counts, size and start of the directory, comment length."""

CENTRAL = struct.Struct("<4s6H3L5H2L")
"""Directory entry: signature; made by, needed, flags, method, time, date; CRC-32, packed and unpacked size; lengths of
name, extra fields and comment, disk, internal attributes; external attributes, start of the local header."""

LOCAL = struct.Struct("<4s5H3L2H")
"""Local header: signature; needed, flags, method, time, date; CRC-32 and sizes; lengths of name and extra fields."""

DESCRIPTOR = struct.Struct("<3L")
"""Data descriptor without its optional signature: CRC-32, packed and unpacked size."""

END_SIGNATURE = b"PK\x05\x06"
CENTRAL_SIGNATURE = b"PK\x01\x02"
LOCAL_SIGNATURE = b"PK\x03\x04"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"

STORED = 0
DEFLATED = 8

FLAGS_ENCRYPTED = 0x2041  # bits 0, 6 and 13: encrypted, strongly encrypted, directory masked
FLAG_DESCRIPTOR = 0x0008
FLAG_UTF8 = 0x0800
FLAGS_KNOWN = FLAG_DESCRIPTOR | FLAG_UTF8 | 0x0006  # bits 1 and 2: how hard deflate tried

EXTRA_ZIP64 = 0x0001
EXTRA_UNICODE_PATH = 0x7075  # Info-ZIP: another name for the same member

MODE_KIND = 0xF000  # of a Unix mode, as are the next two
MODE_FOLDER = 0x4000
MODE_REGULAR = 0x8000
DOS_FOLDER = 0x10
WINDOWS_LINK = 0x400  # FILE_ATTRIBUTE_REPARSE_POINT

LARGEST_COMMENT = 0xFFFF
ABSENT_16 = 0xFFFF  # these two stand where the true number is in a zip64 record
ABSENT_32 = 0xFFFFFFFF

REMAKE = "make the archive anew with an ordinary zip program, or give the folder"
