"""Elements and cursors: typed reading with a name for everything, places that stay absolute."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vaultproof.asn1 import writer
from vaultproof.asn1.der import Element, Tag, context, parse, refuse_unsorted_set
from vaultproof.errors import Malformed

RECORD = writer.sequence(
    writer.integer(7), writer.oid("2.5.4.3"), writer.octet_string(b"ab"), writer.explicit(1, writer.utf8_string("é"))
)


def test_a_record_is_read_top_down() -> None:
    fields = parse(RECORD).sequence("record")
    assert fields.integer("number") == 7
    assert fields.oid("kind") == "2.5.4.3"
    assert fields.optional(context(0)) is None
    assert fields.octets("octets") == b"ab"
    tagged = fields.optional(context(1))
    assert tagged is not None
    assert tagged.explicit(1, "text").utf8("text") == "é"
    fields.finish()
    assert not fields.more


def test_left_over_members_are_refused() -> None:
    fields = parse(RECORD).sequence("record")
    fields.integer("number")
    with pytest.raises(Malformed, match="record has more members than it may at byte 5"):
        fields.finish()


def test_missing_members_are_named() -> None:
    fields = parse(writer.sequence()).sequence("record")
    with pytest.raises(Malformed, match="record has no number") as caught:
        fields.integer("number")
    assert caught.value.code == "der-missing"


READERS: list[Callable[[Element], object]] = [
    Element.boolean, Element.integer, Element.bits, Element.octets, Element.oid, Element.null, Element.utf8,
    Element.text, Element.time, Element.generalized_time, Element.sequence, Element.nested,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS)
def test_every_reader_wants_its_own_type(read: Callable[[Element], object]) -> None:
    with pytest.raises(Malformed) as caught:
        read(parse(bytes.fromhex("8000")))
    assert caught.value.code == "der-unexpected"


def test_other_members_of_a_cursor() -> None:
    fields = parse(writer.sequence(writer.bit_string(b"\x80"), writer.utf8_string("x"), writer.null())).sequence()
    assert fields.bits("bits").octets == b"\x80"
    assert fields.utf8("text") == "x"
    fields.null("nothing")
    fields.finish()


def test_nested_documents_keep_their_place() -> None:
    data = writer.sequence(writer.octet_string(writer.sequence(writer.integer(300))))
    (holder,) = parse(data).children()
    (number,) = holder.nested().children()
    assert data[number.offset : number.end] == writer.integer(300)
    assert (number.header_length, number.length, number.content_offset) == (2, 2, number.offset + 2)


def test_a_nested_document_is_as_strict() -> None:
    with pytest.raises(Malformed, match="byte 4") as caught:
        parse(writer.octet_string(b"\x02\x02\x00\x01")).nested()
    assert caught.value.code == "der-integer"


def test_an_explicit_tag_holds_one_value() -> None:
    tagged = parse(writer.explicit(0, writer.integer(1) + writer.integer(2)))
    with pytest.raises(Malformed):
        tagged.explicit(0, "number")


def test_an_implicit_value_obeys_the_rule_of_its_type() -> None:
    assert parse(writer.implicit(0, b"\x05")).implicit(Tag.INTEGER).integer() == 5
    with pytest.raises(Malformed):
        parse(writer.implicit(0, b"\x00\x05")).implicit(Tag.INTEGER)
    assert parse(writer.implicit(0, b"any")).implicit(Tag.OCTET_STRING).octets() == b"any"


def test_the_tree_can_be_walked_in_order() -> None:
    steps = [(depth, element.tag) for depth, element in parse(RECORD).walk()]
    assert steps == [(0, 0x30), (1, 0x02), (1, 0x06), (1, 0x04), (1, 0xA1), (2, 0x0C)]


def test_an_unsorted_set_is_refused_on_request() -> None:
    one, two = writer.integer(1), writer.integer(2)
    refuse_unsorted_set(parse(writer.set_of(two, one)), "a set")
    with pytest.raises(Malformed) as caught:
        refuse_unsorted_set(parse(writer.encode(Tag.SET, two + one)), "a set")
    assert caught.value.code == "der-set-order"


def test_strings_are_decoded_by_their_type() -> None:
    assert parse(writer.encode(Tag.BMP_STRING, "Zürich".encode("utf-16-be"))).text() == "Zürich"
    assert parse(writer.encode(Tag.TELETEX_STRING, b"Z\xfcrich")).text() == "Zürich"
    with pytest.raises(Malformed) as caught:
        parse(writer.encode(Tag.PRINTABLE_STRING, b"Z\xfcrich")).text()
    assert caught.value.code == "der-text"
