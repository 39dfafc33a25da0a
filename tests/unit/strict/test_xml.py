"""The strict XML reader: plain records are read, and whatever XML allows beyond them is refused (M18)."""

from __future__ import annotations

import pytest

from vaultproof.errors import Malformed
from vaultproof.strict.xml import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_XML_BYTES, read_xml

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
RECORD = (
    DECLARATION
    + b'<key made="here" by="me">\n\t<label>caf\xc3\xa9</label>\n\t<flags><a>true</a><b></b></flags>\n</key>\n\n'
)


def test_a_record_is_read_with_its_places() -> None:
    root = read_xml(RECORD)
    assert (root.name, root.attributes, root.text) == ("key", {"made": "here", "by": "me"}, "")
    label, flags = root.fields()["label"], root.fields()["flags"]
    assert label.text == "café"
    assert RECORD[label.text_offset : label.text_offset + label.text_length] == "café".encode()
    assert RECORD[flags.offset : flags.offset + flags.length] == b"<flags><a>true</a><b></b></flags>"
    assert [(item.name, item.text) for item in flags.children] == [("a", "true"), ("b", "")]
    assert read_xml(RECORD.removeprefix(DECLARATION)).fields()["label"].text == "café"


def test_two_elements_of_a_name_are_seen() -> None:
    root = read_xml(b"<r><a>1</a><b>2</b><a>3</a></r>")
    assert [item.text for item in root.all("a")] == ["1", "3"]
    with pytest.raises(Malformed) as caught:
        root.fields()
    assert caught.value.code == "xml-duplicate"


REFUSED = [
    (b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', "xml-syntax"),
    (b'<!DOCTYPE r SYSTEM "http://example.com/x.dtd"><r></r>', "xml-syntax"),
    (b"<r>&amp;</r>", "xml-syntax"),
    (b"<r>&#65;</r>", "xml-syntax"),
    (b'<r a="&lt;"></r>', "xml-syntax"),
    (b"<r><!-- x --></r>", "xml-syntax"),
    (b"<r>1<!-- x -->2</r>", "xml-mixed"),
    (b"<r><![CDATA[x]]></r>", "xml-syntax"),
    (b"<r><?php x?></r>", "xml-syntax"),
    (b"<?other x?><r></r>", "xml-syntax"),
    (DECLARATION + DECLARATION + b"<r></r>", "xml-syntax"),
    (b'<?xml version="1.1" encoding="UTF-8"?><r></r>', "xml-syntax"),
    (b'<?xml version="1.0" encoding="UTF-16"?><r></r>', "xml-syntax"),
    (b"<r/>", "xml-syntax"),
    (b"<n:r></n:r>", "xml-syntax"),
    (b"<r a='1'></r>", "xml-syntax"),
    (b"<r a=1></r>", "xml-syntax"),
    (b'<r a="1"b="2"></r>', "xml-syntax"),
    (b'<r a="1" a="2"></r>', "xml-duplicate"),
    (b"<r" + b"".join(b' a%d=""' % number for number in range(MAX_ATTRIBUTES + 1)) + b"></r>", "xml-count"),
    (b"<r>text<a></a></r>", "xml-mixed"),
    (b"<r><a></a>text</r>", "xml-syntax"),
    (b"<r></r><r></r>", "xml-syntax"),
    (b"<r></r>text", "xml-syntax"),
    (b"text<r></r>", "xml-syntax"),
    (b"<a><b></a></b>", "xml-syntax"),
    (b"</r>", "xml-syntax"),
    (b"<r>", "xml-syntax"),
    (b"<r>text", "xml-syntax"),
    (b"<r", "xml-syntax"),
    (b"", "xml-syntax"),
    (b"\xef\xbb\xbf<r></r>", "xml-syntax"),
    (b"<r>\xff</r>", "xml-text"),
    (b"<r>\x00</r>", "xml-text"),
    (b"<r>\xc2\x85</r>", "xml-text"),
    ("<r></r>".encode("utf-16"), "xml-text"),
    (b"<a>" * (MAX_DEPTH + 1), "xml-depth"),
    (b"<a>" * 10_000, "xml-depth"),
    (b"<r>" + b"<a></a>" * MAX_ELEMENTS + b"</r>", "xml-count"),
    (b"<r>" + b" " * MAX_XML_BYTES + b"</r>", "xml-size"),
]


@pytest.mark.parametrize(("data", "code"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_what_plain_records_do_not_need_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_xml(data)
    assert caught.value.code == code


def test_a_record_cut_anywhere_is_refused() -> None:
    whole = RECORD.rstrip()
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            read_xml(whole[:length])
