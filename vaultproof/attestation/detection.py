"""Which technology a file is of, by cheap marks in its bytes, and how its files are arranged for the adapter.

A mark shows nothing: it only says which adapter to ask, and the adapter then reads strictly.  A technology without an
entry in ``FORMS`` is asked itself: it fits when its adapter reads the files under the names that they have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from vaultproof.asn1 import writer
from vaultproof.asn1.pem import CERTIFICATE
from vaultproof.attestation import (
    aws_nitro,
    aws_nitro_claims,
    crypto4a_claims,
    crypto4a_qasm,
    marvell_envelope,
    pkix_evidence_profile,
    securosys_claims,
    thales_luna,
    yubico_files,
    yubihsm,
    yubikey_piv,
)
from vaultproof.attestation import pkix_evidence as pkix
from vaultproof.attestation.adapter import Adapter, maker_of
from vaultproof.attestation.given import Arrangement, Arranging, Carried, Given, carried
from vaultproof.attestation.layered_evidence import MAKER_FILE
from vaultproof.attestation.marvell_liquidsecurity import TECHNOLOGY as MARVELL
from vaultproof.errors import VaultproofError
from vaultproof.frozen import frozen

CHAIN = "chain.pem"
"""Where every adapter that reads certificates beside its attestation looks for them."""

_XML_NAME = "attestation.xml"
_SIGNATURE_NAME = "attestation.sig"

_TRANSACTION = writer.oid(pkix_evidence_profile.ELEMENT_OIDS[pkix_evidence_profile.ElementType.TRANSACTION])
_SIGNED_DATA = writer.oid("1.2.840.113549.1.7.2")
_LUNA_ARC = writer.oid("1.3.6.1.4.1.12383")[2:]
_CBOR_STARTS = (b"\x84", b"\xd2\x84")
_GZIP = b"\x1f\x8b"
_BLOB_HEADER = 16


def _arc(oid: str) -> bytes:
    """What an OID's encoding begins with, tag and length left out: it stands in every OID below it too."""
    return writer.oid(oid)[2:]


_QASM_LABEL = f"BEGIN {crypto4a_qasm.PEM_LABEL}-".encode()
_QASM_CLAIMS = _arc(f"{crypto4a_claims.ARC}.6")
_YUBIHSM = _arc(f"{yubico_files.YUBICO_ARC}.4")
_PIV = _arc(f"{yubico_files.YUBICO_ARC}.3")
_YUBIHSM_LEAF = (writer.oid(yubihsm.OBJECT_ID),)
_PIV_LEAF = (writer.oid(yubikey_piv.SERIAL), writer.oid(yubikey_piv.POLICIES))


@frozen
class Form:
    """How the files of one technology are known, and put in order: ``arrange`` gets the files given, the chain last."""

    fits: Callable[[Given], bool]
    arrange: Callable[[Sequence[Given], Arranging], None]


def recognised(given: Sequence[Given], adapters: Sequence[Adapter]) -> tuple[str, ...]:
    """The technologies that the given files may be of, in the order of ``adapters``: none, one, or several.

    Where files are named as those of a maker's layer, only what has two layers fits.
    """
    if any(_is_makers(item) for item in given):
        layered = tuple(item.technology for item in adapters if _fits_layers(given, item.technology))
        if layered:
            return layered
    return tuple(item.technology for item in adapters if _fits(given, item))


def arranged(technology: str, given: Sequence[Given], chain: Sequence[Given] = ()) -> Arrangement:
    """The files for a technology's adapter; where no file has its marks, the first one is taken for the attestation."""
    maker, everything = maker_of(technology), (*given, *chain)
    if maker is not None:
        return _arranged_layers(maker, everything)
    form, arranging = FORMS.get(technology), Arranging()
    if form is not None:
        form.arrange(everything, arranging)
    arranging.others(everything)
    return arranging.done()


def _is_makers(given: Given) -> bool:
    return given.base_name.startswith(MAKER_FILE)


def _layers(given: Sequence[Given], maker: Form) -> tuple[list[Given], list[Given]]:
    """The files of the upper layer and those of the maker's: by name; else all but Evidence, if any is the maker's."""
    below = [item for item in given if _is_makers(item)]
    if not below:
        rest = [item for item in given if not _is_evidence(item)]
        below = rest if any(map(maker.fits, rest)) else []
    return [item for item in given if item not in below], below


def _fits_layers(given: Sequence[Given], technology: str) -> bool:
    form = FORMS.get(maker_of(technology) or "")
    if form is None:
        return False
    above, below = _layers(given, form)
    return any(map(_is_evidence, above)) and any(map(form.fits, below))


def _arranged_layers(maker: str, given: Sequence[Given]) -> Arrangement:
    above, below = _layers(given, FORMS[maker])
    upper = arranged(pkix_evidence_profile.TECHNOLOGY, above) if above else Arranging().done()
    return upper.with_prefix(MAKER_FILE, arranged(maker, below) if below else Arranging().done())


def _fits(given: Sequence[Given], adapter: Adapter) -> bool:
    if maker_of(adapter.technology) is not None:
        return _fits_layers(given, adapter.technology)
    form = FORMS.get(adapter.technology)
    if form is not None:
        return any(form.fits(item) for item in given)
    try:
        adapter.read({item.base_name: item.data for item in given})
    except VaultproofError:
        return False
    return True


def _certificates(given: Sequence[Given]) -> list[Carried]:
    return [part for item in given for part in carried(item) if part.label == CERTIFICATE]


def _chain(given: Sequence[Given], arranging: Arranging) -> None:
    """All certificates in the order in which they were given; a PEM file that cannot be read stands in whole."""
    arranging.blocks(CHAIN, _certificates(given))
    for item in given:
        if item.is_pem and not carried(item):
            arranging.whole(CHAIN, item)


def _main(given: Sequence[Given], fits: Callable[[Given], bool]) -> Given:
    return next((item for item in given if fits(item)), given[0])


# --- one technology after the other -----------------------------------------------------------------------------------


def _is_evidence(given: Given) -> bool:
    if any(part.label == pkix.PEM_LABEL for part in carried(given)):
        return True
    return given.data.startswith(b"\x30") and _TRANSACTION in given.data


def _arrange_evidence(given: Sequence[Given], arranging: Arranging) -> None:
    blocks = [part for item in given for part in carried(item) if part.label == pkix.PEM_LABEL]
    if blocks:
        arranging.blocks(pkix.PEM_FILE, blocks)
    else:
        main = _main(given, _is_evidence)
        arranging.whole(pkix.PEM_FILE if main.is_pem else pkix.DER_FILE, main)
    _chain([item for item in given if item is not _main(given, _is_evidence) or blocks], arranging)


def _is_nitro(given: Given) -> bool:
    return given.data.startswith(_CBOR_STARTS) and b"module_id" in given.data and b"cabundle" in given.data


def _arrange_nitro(given: Sequence[Given], arranging: Arranging) -> None:
    arranging.whole(aws_nitro.FILES[0], _main(given, _is_nitro))


def _is_marvell(given: Given) -> bool:
    data = given.data
    if data.startswith(_GZIP) or (data.lstrip()[:1] == b"{" and b'"privateKeyAttestation"' in data):
        return True
    return len(data) > _BLOB_HEADER and not any(data[:4]) and int.from_bytes(data[8:12], "big") == len(data)


def _arrange_marvell(given: Sequence[Given], arranging: Arranging) -> None:
    main = _main(given, _is_marvell)
    if main.data.startswith(_GZIP):
        arranging.whole(marvell_envelope.GZIP_FILE, main)
    elif main.data.lstrip()[:1] == b"{":
        arranging.whole(marvell_envelope.AZURE_FILE, main)
    else:
        arranging.whole(marvell_envelope.PLAIN_FILE, main)
    _chain([item for item in given if item is not main], arranging)


def _is_luna(given: Given) -> bool:
    return _SIGNED_DATA in given.data[:32] and _LUNA_ARC in given.data


def _arrange_luna(given: Sequence[Given], arranging: Arranging) -> None:
    arranging.whole(thales_luna.FILE, _main(given, _is_luna))


def _is_primus(given: Given) -> bool:
    return given.data.lstrip()[:1] == b"<" and b"<attest_time>" in given.data


def _arrange_primus(given: Sequence[Given], arranging: Arranging) -> None:
    """The XML, its signature (the file that is neither XML nor PEM), and the certificates."""
    main = _main(given, _is_primus)
    rest = [item for item in given if item is not main]
    arranging.whole(_XML_NAME, main)
    for item in rest:
        if not item.is_pem and not carried(item):
            arranging.whole(_SIGNATURE_NAME, item)
    _chain(rest, arranging)


def _is_qasm(given: Given) -> bool:
    if given.is_pem:
        return _QASM_LABEL in given.data
    return given.data.startswith(b"\x30") and _QASM_CLAIMS in given.data


def _arrange_qasm(given: Sequence[Given], arranging: Arranging) -> None:
    main = _main(given, _is_qasm)
    arranging.whole(crypto4a_qasm.PEM_FILE if main.is_pem else crypto4a_qasm.DER_FILE, main)


def _yubico(arc: bytes, leaf_marks: tuple[bytes, ...]) -> Form:
    def fits(given: Given) -> bool:
        return any(arc in part.data for part in carried(given) if part.label == CERTIFICATE)

    def is_leaf(part: Carried) -> bool:
        return any(mark in part.data for mark in leaf_marks)

    def arrange(given: Sequence[Given], arranging: Arranging) -> None:
        """Certificates of attested keys in one file, all others in the other."""
        certificates = _certificates(given)
        if not certificates:
            main = given[0]
            arranging.whole(yubico_files.PEM_FILE if main.is_pem else yubico_files.DER_FILE, main)
        arranging.blocks(yubico_files.PEM_FILE, [part for part in certificates if is_leaf(part)])
        arranging.blocks(CHAIN, [part for part in certificates if not is_leaf(part)])

    return Form(fits=fits, arrange=arrange)


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        pkix_evidence_profile.TECHNOLOGY: Form(fits=_is_evidence, arrange=_arrange_evidence),
        aws_nitro_claims.TECHNOLOGY: Form(fits=_is_nitro, arrange=_arrange_nitro),
        yubihsm.TECHNOLOGY: _yubico(_YUBIHSM, _YUBIHSM_LEAF),
        yubikey_piv.TECHNOLOGY: _yubico(_PIV, _PIV_LEAF),
        MARVELL: Form(fits=_is_marvell, arrange=_arrange_marvell),
        thales_luna.TECHNOLOGY: Form(fits=_is_luna, arrange=_arrange_luna),
        crypto4a_claims.TECHNOLOGY: Form(fits=_is_qasm, arrange=_arrange_qasm),
        securosys_claims.TECHNOLOGY: Form(fits=_is_primus, arrange=_arrange_primus),
    }
)
"""Marks and arrangement by technology; an adapter works without an entry here, under its own file names."""
