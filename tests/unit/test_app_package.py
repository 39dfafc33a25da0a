"""Searching app packages: every form is found wherever it stands, nothing is found that is not there, limits hold."""

from __future__ import annotations

import base64
import io
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import harness
from vaultproof import app_package
from vaultproof.app_package import KeySighting, find_keys
from vaultproof.crypto.keys import ed25519_spki, p256_spki, x25519_spki
from vaultproof.errors import Malformed, Unavailable, Unsupported, VaultproofError
from vaultproof.evidence.fleet_keys import read_fleet_keys

RAW = bytes(range(0xC8, 0xE8))
POINT = (
    ec.derive_private_key(7, ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
)
SPKI = x25519_spki(RAW)
FILLER = b"\x01resources\x02" * 40
PACKED = RAW.hex().encode() * 20
"""The key often enough that packing leaves no whole copy of it in the open."""

Encode = Callable[[bytes], bytes]
FORMS: list[tuple[str, Encode]] = [
    ("raw", lambda key: key),
    ("hex", lambda key: key.hex().encode()),
    ("hex", lambda key: key.hex().upper().encode()),
    ("base64", base64.b64encode),
    ("base64", lambda key: base64.b64encode(key).rstrip(b"=")),
    ("base64url", base64.urlsafe_b64encode),
]


def package(entries: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return stream.getvalue()


def find(data: bytes, key: bytes = RAW) -> KeySighting | None:
    return find_keys(data, [key], file="app/a.apk").get(key)


def around(data: bytes) -> bytes:
    return FILLER + data + FILLER


# --- what is found --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "encode"), FORMS)
@pytest.mark.parametrize("key", [RAW, SPKI, POINT, p256_spki(POINT)], ids=["raw", "spki", "point", "point-spki"])
def test_every_form_is_found_in_the_open_and_in_packed_entries(form: str, encode: Encode, key: bytes) -> None:
    hidden = around(encode(key))
    expected = "spki-der" if form == "raw" and key[0] == 0x30 else form
    for data, place in (
        (hidden, "app/a.apk"),
        (package({"classes.dex": FILLER, "lib/a.so": hidden}), "app/a.apk!/lib/a.so"),
        (package({"split.apk": package({"lib/a.so": hidden})}), "app/a.apk!/split.apk!/lib/a.so"),
        (package({"lib/a.so": hidden}, method=zipfile.ZIP_STORED), "app/a.apk!/lib/a.so"),
    ):
        sighting = find(data, key)
        assert sighting is not None
        assert sighting.place == place
        assert sighting.offset == len(FILLER)
        # The encodings of a raw key may stand inside those of its SubjectPublicKeyInfo, which is named first.
        assert sighting.form in {expected, "spki-der", form}


@pytest.mark.parametrize("spki", [x25519_spki(RAW), ed25519_spki(RAW)])
def test_a_raw_key_is_found_as_public_key_info_and_the_other_way_round(spki: bytes) -> None:
    sighting = find(around(spki), RAW)
    assert sighting == KeySighting(place="app/a.apk", form="spki-der", offset=len(FILLER))
    assert find(around(RAW), spki) == KeySighting(place="app/a.apk", form="raw", offset=len(FILLER))
    assert find(around(base64.b64encode(spki)), RAW) is not None


def test_many_keys_are_searched_at_once_and_found_where_each_is() -> None:
    keys = [bytes([number]) * 32 for number in range(1, 9)]
    data = package({f"f{number}": around(key.hex().encode()) for number, key in enumerate(keys)})
    found = find_keys(data, [*keys, RAW], file="a")
    assert {key: sighting.place for key, sighting in found.items()} == {
        key: f"a!/f{number}" for number, key in enumerate(keys)
    }


def test_the_committed_app_holds_its_fleets_keys() -> None:
    files = harness.tree(harness.EVIDENCE / "deployments" / "rehearsal-whatsapp-2025")
    keys = [key.key for key in read_fleet_keys(files["bundle/fleet-keys.json"]).keys]
    (app,) = (data for path, data in files.items() if path.startswith("app/"))
    assert set(find_keys(app, keys, file="app")) == set(keys)


# --- what is not ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(around(RAW[:-1]), id="all but the last byte"),
        pytest.param(around(RAW[::-1]), id="backwards"),
        pytest.param(around(RAW.hex().encode()[:-1]), id="hexadecimal cut short"),
        pytest.param(around(base64.b64encode(RAW[:30])), id="base64 cut short"),
        pytest.param(around(base64.b32encode(RAW)), id="base32"),
        pytest.param(around(bytes(byte ^ 1 for byte in RAW)), id="another key"),
        pytest.param(around(RAW.hex(" ").encode()), id="hexadecimal with spaces"),
        pytest.param(b"", id="nothing"),
        pytest.param(package({}), id="an empty package"),
        pytest.param(package({"a": b"x"}), id="a package without it"),
        pytest.param(package({"a.zip": package({"b.zip": package({"c": PACKED})})}), id="two levels down"),
        pytest.param(package({"a.bin": package({"c": PACKED})}), id="in a package by no package's name"),
    ],
)
def test_what_is_not_the_key_is_not_found(data: bytes) -> None:
    assert find(data) is None


@given(
    st.binary(min_size=32, max_size=32),
    st.lists(st.binary(max_size=200), max_size=4),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_a_key_is_found_only_where_its_bytes_are(key: bytes, contents: list[bytes], method: int) -> None:
    """Every sighting can be looked up: the form's bytes stand at that offset of that place."""
    entries = {f"e{number}": data for number, data in enumerate(contents)}
    data = package(entries, method=method)
    raw, infos = key, (x25519_spki(key), ed25519_spki(key))
    forms = {
        "spki-der": list(infos),
        "raw": [raw],
        "hex": [item for value in (raw, *infos) for item in (value.hex().encode(), value.hex().upper().encode())],
        "base64": [base64.b64encode(value).rstrip(b"=") for value in (raw, *infos)],
        "base64url": [base64.urlsafe_b64encode(value).rstrip(b"=") for value in (raw, *infos)],
    }
    every = [pattern for patterns in forms.values() for pattern in patterns]
    sighting = find(data, key)
    inside = any(pattern in place for pattern in every for place in (data, *contents))
    assert (sighting is not None) == inside
    if sighting is not None:
        place = {"app/a.apk": data, **{f"app/a.apk!/{name}": item for name, item in entries.items()}}[sighting.place]
        assert any(place.startswith(pattern, sighting.offset) for pattern in forms[sighting.form])


# --- limits ---------------------------------------------------------------------------------------------------------


def over_the_limits(data: bytes) -> str:
    with pytest.raises(Unavailable) as caught:
        find(data)
    assert (caught.value.code, caught.value.file) == ("package-over-limits", "app/a.apk")
    return str(caught.value)


def test_a_bomb_is_not_unpacked() -> None:
    assert "ratio <= 200" in over_the_limits(package({"bomb": bytes(1024 * 1024)}))
    assert find(package({"small": bytes(100_000)})) is None


def test_a_bomb_beside_the_key_hides_it() -> None:
    """Nothing is known of a package that was not searched to its end, not even for keys found so far."""
    over_the_limits(package({"key": RAW, "bomb": bytes(1024 * 1024)}))


def test_too_many_entries_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_package, "MAX_ENTRIES", 3)
    assert find(package({f"e{number}": b"x" for number in range(3)})) is None
    assert "entries" in over_the_limits(package({f"e{number}": b"x" for number in range(4)}))
    nested = {"a": b"x", "b.zip": package({"c": b"x", "d": b"x"})}
    assert "entries" in over_the_limits(package(nested))


def test_a_huge_directory_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("the directory was read")

    data = package({f"e{number}": b"" for number in range(4)})
    monkeypatch.setattr(app_package, "MAX_ENTRIES", 3)
    monkeypatch.setattr(zipfile, "ZipFile", refuse)
    assert "entries" in over_the_limits(data)


def test_too_many_bytes_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_package, "MAX_UNPACKED_BYTES", 1000)
    assert find(package({"a": b"x" * 500, "b": b"y" * 500})) is None
    assert "unpacked bytes" in over_the_limits(package({"a": b"x" * 500, "b": b"y" * 501}))


def central(data: bytes, offset: int, value: bytes) -> bytes:
    """The package with some bytes of its first directory entry replaced."""
    at = data.index(b"PK\x01\x02") + offset
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        pytest.param(24, struct.pack("<I", 3), id="unpacked size too small"),
        pytest.param(24, struct.pack("<I", 0xFFFFFFFE), id="unpacked size too large"),
        pytest.param(20, struct.pack("<I", 3), id="packed size too small"),
        pytest.param(20, struct.pack("<I", 0xFFFFFFFE), id="packed size too large"),
        pytest.param(16, struct.pack("<I", 0), id="another checksum"),
        pytest.param(42, struct.pack("<I", 7), id="another place"),
        pytest.param(42, struct.pack("<I", 0xFFFFFFFE), id="a place beyond the end"),
        pytest.param(46, b"x", id="another name"),
    ],
)
def test_a_directory_that_lies_is_refused(offset: int, value: bytes) -> None:
    """What an entry is said to be and what it is differ: no reader can say which one an app would use."""
    with pytest.raises(Malformed) as caught:
        find(central(package({"lib.so": around(RAW)}), offset, value))
    assert (caught.value.code, caught.value.found) == ("package-unreadable", None)


def test_a_directory_that_lies_of_its_sizes_cannot_raise_the_ratio() -> None:
    bomb = central(package({"bomb": bytes(4 * 1024 * 1024)}), 24, struct.pack("<I", 5))
    with pytest.raises((Unavailable, Malformed)):
        find(bomb)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_not_unpacked(method: int) -> None:
    """Their unpackers cannot be held to a number of bytes, and not every engine has them."""
    data = package({"a": bytes(10)}, method=method)
    with pytest.raises(Unsupported) as caught:
        find(data)
    assert (caught.value.code, caught.value.found) == ("package-entry-unknown", '"a"')


def test_an_unknown_method_and_an_encrypted_entry_cannot_be_checked() -> None:
    data = package({"a": b"x"})
    for changed in (central(data, 10, struct.pack("<H", 99)), central(data, 8, struct.pack("<H", 1))):
        with pytest.raises(Unsupported, match="package-entry-unknown"):
            find(changed)


# --- broken packages ------------------------------------------------------------------------------------------------


def test_a_package_that_is_cut_short_is_refused() -> None:
    data = package({"classes.dex": FILLER, "lib.so": around(RAW)})
    for length in range(4, len(data)):
        with pytest.raises(Malformed) as caught:
            find(data[:length])
        assert caught.value.code == "package-unreadable"


def test_any_one_bit_changed_is_answered_or_refused_with_a_code() -> None:
    """Also where the package's own reader is surprised; the key is never found in a package that cannot be unpacked."""
    data = package({"a": b"x" * 50, "n.zip": package({"lib.so": RAW})})
    answers = set()
    for offset in range(len(data)):
        for bit in range(8):
            changed = data[:offset] + bytes((data[offset] ^ 1 << bit,)) + data[offset + 1 :]
            try:
                answers.add("found" if find(changed) else "not found")
            except VaultproofError as error:
                answers.add(error.code)
    assert answers == {"found", "not found", "package-unreadable", "package-entry-unknown"}


@given(st.binary(max_size=120))
def test_whatever_begins_like_a_package_is_answered_or_refused(rest: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        find(b"PK\x03\x04" + rest)
    assert caught.value.code == "package-unreadable"


def test_a_key_in_the_comment_of_a_package_is_not_in_the_app() -> None:
    target = io.BytesIO(package({"classes.dex": FILLER}))
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = RAW
    assert RAW in target.getvalue()
    assert find(target.getvalue(), RAW) is None


# --- part by part ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 31, 32, 33, 64])
@pytest.mark.parametrize(("form", "encode"), FORMS)
def test_a_key_that_two_parts_share_is_found_where_it_begins(
    monkeypatch: pytest.MonkeyPatch, chunk: int, form: str, encode: Encode
) -> None:
    monkeypatch.setattr(app_package, "_CHUNK", chunk)
    sighting = find(package({"lib.so": around(encode(RAW))}))
    assert sighting == KeySighting(place="app/a.apk!/lib.so", form=form, offset=len(FILLER))


def test_the_most_telling_form_is_named_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_package, "_CHUNK", 50)
    sighting = find(package({"a": around(RAW) + SPKI}))
    assert sighting == KeySighting(place="app/a.apk!/a", form="spki-der", offset=len(around(RAW)))


def test_a_package_within_the_package_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = package({"lib.so": around(RAW)}, method=zipfile.ZIP_STORED)
    monkeypatch.setattr(app_package, "MAX_NESTED_BYTES", len(inner))
    assert find(package({"split.apk": inner})) is not None
    monkeypatch.setattr(app_package, "MAX_NESTED_BYTES", len(inner) - 1)
    assert "within it" in over_the_limits(package({"split.apk": inner}))


def test_memory_does_not_grow_with_what_is_unpacked() -> None:
    source = random.Random(1)  # noqa: S311 - bytes that pack to about a thirtieth, the same in each run
    assets = b"".join(source.randbytes(1000) * 30 for _ in range(1500))
    data = package({"assets": assets + RAW})
    tracemalloc.start()
    try:
        sighting = find(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sighting is not None
    assert sighting.offset == len(assets) == 45_000_000
    assert peak < 8 * 1024 * 1024
