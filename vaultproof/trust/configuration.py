"""``trust.json``: signers, namespaces, operators, vendor roots and witnesses, each pinned with its provenance.

There are two configurations, of kind ``production`` and of kind ``rehearsal``.  A deployment that says it is a
rehearsal is checked against rehearsal roots and can only ever get a rehearsal verdict; any other deployment is checked
against production roots.  The document under test can thus choose to be judged as a rehearsal, never the reverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.reference import ReferenceValues
from vaultproof.crypto.algorithms import SCHEMES, Kind
from vaultproof.crypto.keys import EcKey, Ed25519Key, ed25519_spki, read_public_key
from vaultproof.crypto.port import Algorithm
from vaultproof.errors import Malformed, VaultproofError
from vaultproof.evidence.files import sha256_hex
from vaultproof.frozen import frozen
from vaultproof.report import Scope
from vaultproof.strict.encodings import MAX_MILLISECONDS
from vaultproof.strict.json import dumps_canonical, loads
from vaultproof.strict.records import Reader

TRUST_FILE = "trust.json"
REFERENCE_FILE = "reference-values.json"


@frozen
class Provenance:
    """Where a pinned value was read, and when it was captured (RFC 3339 date or time)."""

    source: str
    captured: str


@frozen
class SignerKey:
    """One of the signer's Ed25519 keys: ``key_id`` is its last byte, ``not_before`` in milliseconds since 1970."""

    public_key: bytes
    not_before: int
    provenance: tuple[Provenance, ...]

    @property
    def key_id(self) -> int:
        """The last byte of the public key: how the signer's records name a key."""
        return self.public_key[-1]

    @property
    def spki(self) -> bytes:
        """The key as DER SubjectPublicKeyInfo."""
        return ed25519_spki(self.public_key)


@frozen
class Signer:
    """An independent signer and log keeper."""

    id: str
    name: str
    keys: tuple[SignerKey, ...]

    def keys_named(self, key_id: int | None) -> tuple[SignerKey, ...]:
        """The keys with this id; all of them when a record names none."""
        return self.keys if key_id is None else tuple([key for key in self.keys if key.public_key[-1] == key_id])


@frozen
class Namespace:
    """A namespace of the signer's log, pinned to its first epoch and that epoch's digest (hex).

    ``operator`` is the only one that may confirm what is logged there, for the one ``product``.
    """

    name: str
    signer: str
    operator: str
    product: str
    ciphersuite: int
    root_epoch: int
    root_digest: str
    provenance: tuple[Provenance, ...]


@frozen
class AppPinnedProduct:
    """A product whose app carries its fleet's keys, and the operator that publishes the app.

    Pinned, because an announcement that could choose how keys are distributed could choose to be checked by less.
    """

    product: str
    operator: str
    provenance: tuple[Provenance, ...]


@frozen
class PinnedKey:
    """A pinned key of an operator or witness: algorithm, DER SubjectPublicKeyInfo, and first instant of validity."""

    algorithm: Algorithm
    spki: bytes
    not_before: datetime | None
    provenance: tuple[Provenance, ...]

    @property
    def key_id(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, lower-case hex."""
        return sha256_hex(self.spki)


@frozen
class Party:
    """An operator or a witness, with the keys it signs with; ``note`` says what is not known of it."""

    id: str
    name: str
    keys: tuple[PinnedKey, ...]
    note: str | None


@frozen
class VendorRoot:
    """A maker's root: the anchor that chains are pinned to, and where the pin comes from."""

    anchor: TrustAnchor
    provenance: tuple[Provenance, ...]


@frozen
class TrustConfiguration:
    """All that a run takes on trust, and its digest."""

    kind: Scope
    signers: tuple[Signer, ...]
    namespaces: tuple[Namespace, ...]
    app_pinned: tuple[AppPinnedProduct, ...]
    operators: tuple[Party, ...]
    witnesses: tuple[Party, ...]
    vendor_roots: tuple[VendorRoot, ...]
    reference_values: ReferenceValues
    digest: str

    @property
    def anchors(self) -> tuple[TrustAnchor, ...]:
        """The vendor anchors alone."""
        return tuple(root.anchor for root in self.vendor_roots)

    def namespace(self, name: str) -> Namespace | None:
        """The pinned namespace with this name, if there is one."""
        return next((item for item in self.namespaces if item.name == name), None)

    def app_pinned_product(self, product: str) -> AppPinnedProduct | None:
        """The pin of a product whose app carries the keys, if there is one."""
        return next((item for item in self.app_pinned if item.product == product), None)

    def signer(self, id: str) -> Signer | None:
        """The signer with this id, if there is one."""
        return next((item for item in self.signers if item.id == id), None)

    def operator(self, id: str) -> Party | None:
        """The operator with this id, if there is one."""
        return next((item for item in self.operators if item.id == id), None)

    def witness(self, id: str) -> Party | None:
        """The witness with this id, if there is one."""
        return next((item for item in self.witnesses if item.id == id), None)


@frozen
class TrustSet:
    """The two configurations side by side; which one counts follows from the deployment.

    Raises ``ValueError`` when one stands in the other's place.
    """

    production: TrustConfiguration
    rehearsal: TrustConfiguration

    def __post_init__(self) -> None:
        if (self.production.kind, self.rehearsal.kind) != (Scope.PRODUCTION, Scope.REHEARSAL):
            raise ValueError("a trust configuration of the wrong kind")

    def select(self, *, rehearsal: bool) -> TrustConfiguration:
        """The configuration for a deployment that does or does not call itself a rehearsal."""
        return self.rehearsal if rehearsal else self.production


def read_trust_set(files: Mapping[str, bytes]) -> TrustSet:
    """Both configurations from the files of ``evidence/trust`` (rehearsal under ``rehearsal/``).

    Raises ``Malformed`` when one is missing, ill-formed, or stands in the other's place.
    """
    parts = {}
    for kind, folder in ((Scope.PRODUCTION, ""), (Scope.REHEARSAL, "rehearsal/")):
        for name in (TRUST_FILE, REFERENCE_FILE):
            if folder + name not in files:
                raise Malformed("no-trust", "a trust file is missing", file=folder + name)
        parts[kind] = read_trust(files[folder + TRUST_FILE], files[folder + REFERENCE_FILE], kind, folder)
    return TrustSet(production=parts[Scope.PRODUCTION], rehearsal=parts[Scope.REHEARSAL])


def read_trust(trust: bytes, reference: bytes, kind: Scope, folder: str = "") -> TrustConfiguration:
    """One configuration from the bytes of its two files.  Raises ``Malformed`` or ``Unsupported``."""
    reader = Reader(loads(trust, file=folder + TRUST_FILE), file=folder + TRUST_FILE)
    reader.schema("trust")
    if reader.choice("kind", tuple(Scope)) != kind.value:
        raise reader.wrong("kind", kind.value, "the other kind")
    configuration = TrustConfiguration(
        kind=kind,
        signers=tuple(_signer(item) for item in reader.objects("signers")),
        namespaces=tuple(_namespace(item) for item in reader.objects("namespaces")),
        app_pinned=tuple(_app_pinned(item) for item in reader.objects("app_pinned")),
        operators=tuple(_party(item) for item in reader.objects("operators")),
        witnesses=tuple(_party(item) for item in reader.objects("witnesses")),
        vendor_roots=tuple(_vendor_root(item) for item in reader.objects("vendor_roots")),
        reference_values=ReferenceValues.from_json(
            loads(reference, file=folder + REFERENCE_FILE), file=folder + REFERENCE_FILE
        ),
        digest=sha256_hex(dumps_canonical({"trust": sha256_hex(trust), "reference_values": sha256_hex(reference)})),
    )
    reader.done()
    _check_names(reader, configuration)
    return configuration


def _check_names(reader: Reader, configuration: TrustConfiguration) -> None:
    """What is looked up by name stands once (else the first would silently win), and names a signer that is there."""
    names = {
        "signers": [item.id for item in configuration.signers],
        "namespaces": [item.name for item in configuration.namespaces],
        "operators": [item.id for item in configuration.operators],
        "witnesses": [item.id for item in configuration.witnesses],
        "app_pinned": [item.product for item in configuration.app_pinned],
    }
    for field, listed in names.items():
        if len(set(listed)) != len(listed):
            raise reader.wrong(field, "entries with names of their own", listed)
    for index, namespace in enumerate(configuration.namespaces):
        if namespace.signer not in names["signers"]:
            raise reader.wrong(f"namespaces/{index}/signer", "an id listed under signers", namespace.signer)
        if namespace.operator not in names["operators"]:
            raise reader.wrong(f"namespaces/{index}/operator", "an id listed under operators", namespace.operator)


def _check_key(reader: Reader, algorithm: Algorithm, spki: bytes) -> None:
    """A broken pin is a fault of the configuration: found here, or every signature would seem to be at fault."""
    scheme = SCHEMES[algorithm]
    try:
        key = read_public_key(spki)
    except VaultproofError as error:
        raise reader.wrong("public_key", "a public key that can be read", error.code) from None
    if isinstance(key, EcKey):
        fits = scheme.kind is Kind.ECDSA and scheme.curve is key.curve
    else:
        fits = scheme.kind in ((Kind.ED25519,) if isinstance(key, Ed25519Key) else (Kind.RSA_PSS, Kind.RSA_PKCS1))
    if not fits:
        raise reader.wrong("public_key", f"a key for {algorithm.value}", type(key).__name__)


def read_provenance(reader: Reader) -> tuple[Provenance, ...]:
    """Where a pinned value was read: at least one place.  Raises ``Malformed``."""
    items = []
    for item in reader.objects("provenance", maximum=20):
        items.append(Provenance(source=item.text("source", maximum=500), captured=item.text("captured", maximum=40)))
        item.done()
    if not items:
        raise reader.wrong("provenance", "at least one source", [])
    return tuple(items)


def _signer(reader: Reader) -> Signer:
    keys = []
    for item in reader.objects("keys", maximum=100):
        key = SignerKey(
            public_key=item.hex("public_key", length=32),
            not_before=item.integer("not_before", maximum=MAX_MILLISECONDS),
            provenance=read_provenance(item),
        )
        item.done()
        _check_key(item, Algorithm.ED25519, key.spki)
        keys.append(key)
    signer = Signer(id=reader.text("id"), name=reader.text("name"), keys=tuple(keys))
    reader.done()
    return signer


def _namespace(reader: Reader) -> Namespace:
    namespace = Namespace(
        name=reader.text("name"),
        signer=reader.text("signer"),
        operator=reader.text("operator"),
        product=reader.text("product"),
        ciphersuite=reader.integer("ciphersuite", minimum=1, maximum=2),
        root_epoch=reader.integer("root_epoch", minimum=1),
        root_digest=reader.hex("root_digest", length=32).hex(),
        provenance=read_provenance(reader),
    )
    reader.done()
    return namespace


def _app_pinned(reader: Reader) -> AppPinnedProduct:
    product = AppPinnedProduct(
        product=reader.text("product"), operator=reader.text("operator"), provenance=read_provenance(reader)
    )
    reader.done()
    return product


def _party(reader: Reader) -> Party:
    keys = []
    for item in reader.objects("keys", maximum=100):
        key = PinnedKey(
            algorithm=Algorithm(item.choice("algorithm", tuple(Algorithm))),
            spki=item.base64("public_key"),
            not_before=item.optional_time("not_before"),
            provenance=read_provenance(item),
        )
        item.done()
        _check_key(item, key.algorithm, key.spki)
        keys.append(key)
    party = Party(id=reader.text("id"), name=reader.text("name"), keys=tuple(keys), note=reader.optional_text("note"))
    reader.done()
    return party


def _vendor_root(reader: Reader) -> VendorRoot:
    root = VendorRoot(anchor=TrustAnchor.from_json(reader), provenance=read_provenance(reader))
    reader.done()
    return root
