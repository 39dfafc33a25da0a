"""Trust anchors: a maker's root, pinned by the digest of its key and by nothing else."""

from __future__ import annotations

import hashlib
from datetime import datetime

from vaultproof.asn1.keyinfo import PublicKeyInfo, parse_public_key
from vaultproof.errors import Malformed
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import parse_base64
from vaultproof.strict.records import Reader

DEFAULT_RSA_EXPONENT = 65537
MANUFACTURER = "manufacturer"
OWNER = "owner"
PURPOSES = (MANUFACTURER, OWNER)
"""What an anchor vouches for: that a device is genuine, or whose it is (Google's root over a Marvell card)."""

DEFAULT_RSA_BITS = 3072
"""Size floor of RSA keys under an anchor that names no other; older makers' chains need 2048, and say so."""


@frozen
class TrustAnchor:
    """A root that chains of one technology are pinned to.

    ``spki_sha256`` (lower-case hex) is the pin; ``spki`` is the key itself, needed where chains leave their root out;
    names are only shown.  Certificate dates of a pinned root count for nothing unless ``judge_dates`` is set (makers
    re-issue roots with the same key); ``not_before`` and ``not_after`` stand in for a root certificate that is left
    out.  ``rsa_exponent`` is the one public exponent with which signatures by the pinned key itself are checked; every
    other key of a chain has the usual one.
    """

    id: str
    technology: str
    name: str
    spki_sha256: str
    spki: bytes | None = None
    purpose: str = MANUFACTURER
    minimum_rsa_bits: int = DEFAULT_RSA_BITS
    rsa_exponent: int = DEFAULT_RSA_EXPONENT
    judge_dates: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def public_key(self) -> PublicKeyInfo | None:
        """The pinned key itself, where the configuration holds it."""
        return None if self.spki is None else parse_public_key(self.spki, "an anchor's key")

    @staticmethod
    def from_json(reader: Reader) -> TrustAnchor:
        """The anchor in a JSON object whose other fields (provenance) the caller reads.

        Raises ``Malformed`` for a field of a wrong kind, and when the key given does not have the digest given.
        """
        pin = reader.hex("spki_sha256", length=32).hex()
        spki = _optional_key(reader)
        if spki is not None and hashlib.sha256(spki).hexdigest() != pin:
            raise reader.wrong("spki_sha256", "the SHA-256 of spki", pin)
        return TrustAnchor(
            id=reader.text("id", maximum=80),
            technology=reader.text("technology", maximum=80),
            name=reader.text("name", maximum=200),
            spki_sha256=pin,
            spki=spki,
            purpose=reader.choice("purpose", PURPOSES) if reader.has("purpose") else MANUFACTURER,
            minimum_rsa_bits=reader.optional_integer("minimum_rsa_bits", minimum=2048, maximum=16384)
            or DEFAULT_RSA_BITS,
            rsa_exponent=reader.optional_integer("rsa_exponent", minimum=3, maximum=DEFAULT_RSA_EXPONENT)
            or DEFAULT_RSA_EXPONENT,
            judge_dates=reader.boolean("judge_dates") if reader.has("judge_dates") else False,
            not_before=reader.optional_time("not_before"),
            not_after=reader.optional_time("not_after"),
        )


def _optional_key(reader: Reader) -> bytes | None:
    text = reader.optional_text("spki", maximum=4000)
    if text is None:
        return None
    try:
        return parse_public_key(parse_base64(text, pointer=reader.at("spki")), "an anchor's key").raw
    except Malformed as error:
        raise error.in_file(reader.file) from None


def anchors_for(anchors: tuple[TrustAnchor, ...], technology: str, purpose: str) -> tuple[TrustAnchor, ...]:
    """The anchors that may vouch for chains of one technology and purpose.

    Raises ``Malformed("anchor-twice")`` when the same key is pinned twice for them, which would leave open which
    anchor's rules count.
    """
    found = tuple(anchor for anchor in anchors if (anchor.technology, anchor.purpose) == (technology, purpose))
    pins = [anchor.spki_sha256 for anchor in found]
    for pin in pins:
        if pins.count(pin) > 1:
            raise Malformed("anchor-twice", "a root key is pinned twice for one technology", found=pin)
    return found
