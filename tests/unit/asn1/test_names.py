"""Names are compared by their bytes and shown so that nothing in them can mislead."""

from __future__ import annotations

from tests.unit.asn1.certificates import name
from vaultproof.asn1 import writer
from vaultproof.asn1.der import parse
from vaultproof.asn1.names import read_name


def test_a_name_reads_in_the_order_of_the_file() -> None:
    read = read_name(parse(name(("2.5.4.6", "CH"), ("2.5.4.10", "Acme"), ("1.2.3", "x"))))
    assert read.text == "C=CH, O=Acme, 1.2.3=x"
    assert read.all("2.5.4.10") == ("Acme",)


def test_separators_and_unprintable_characters_are_escaped() -> None:
    read = read_name(parse(name(("2.5.4.3", "a, O=Other+\\\n\u202e"))))
    assert read.text == "CN=a\\, O\\=Other\\+\\\\\\0a\\e2\\80\\ae"


def test_parts_with_several_attributes_are_joined() -> None:
    pairs = [writer.sequence(writer.oid(oid), writer.utf8_string("x")) for oid in ("2.5.4.3", "2.5.4.10")]
    assert read_name(parse(writer.sequence(writer.set_of(*pairs)))).text == "CN=x+O=x"


def test_a_value_that_is_no_string_is_shown_as_hex() -> None:
    part = writer.set_of(writer.sequence(writer.oid("2.5.4.3"), writer.integer(1)))
    assert read_name(parse(writer.sequence(part))).text == "CN=#020101"


def test_names_that_look_alike_are_not_the_same() -> None:
    utf8 = read_name(parse(name(("2.5.4.3", "Root"))))
    printable = writer.set_of(writer.sequence(writer.oid("2.5.4.3"), writer.printable_string("Root")))
    other = read_name(parse(writer.sequence(printable)))
    assert utf8.text == other.text
    assert utf8.raw != other.raw
