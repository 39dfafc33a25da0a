"""Markdown of a publisher: readable, and harmless."""

from __future__ import annotations

import pytest

from generator.markup import to_html
from generator.qr import qr_svg


def test_headings_go_below_those_of_the_page() -> None:
    assert to_html("# a\n\n## b", shift=2) == "<h3>a</h3>\n<h4>b</h4>"
    assert to_html("###### deep", shift=3) == "<h6>deep</h6>"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,hello)",
        "![x](https://example.com/track.png)",
        "<a href='https://example.com' onclick='x()' style='color:red'>x</a>",
        "<style>body { display: none }</style>",
        "<iframe src='https://example.com'></iframe>",
        "<form action='https://example.com'><input></form>",
        "<p id='verdict' class='verdict'>fake</p>",
        "<vault-verify data-state='done'></vault-verify>",
        "<svg><use href='#s-match'/></svg>",
    ],
)
def test_nothing_that_acts_or_loads_or_looks_like_ours_comes_through(hostile: str) -> None:
    html = to_html(f"Before\n\n{hostile}\n\nafter")
    for word in ("<script", "<img", "<svg", "<style", "<iframe", "<form", "<vault", "javascript:", "data:", "onerror"):
        assert word not in html
    for attribute in ("onclick=", "style=", "class=", "id=", "src="):
        assert attribute not in html
    assert html.startswith("<p>Before</p>")
    assert html.endswith("after</p>")


def test_links_tell_nobody_where_the_reader_was() -> None:
    assert to_html("[x](https://example.com/)") == (
        '<p><a href="https://example.com/" rel="noopener noreferrer nofollow">x</a></p>'
    )


def test_tables_stay_tables() -> None:
    html = to_html("| a | b |\n|---|:-:|\n| 1 | 2 |")
    assert '<th scope="col">a</th>' in html
    assert "<td>2</td>" in html


def test_a_qr_code_has_a_name_and_no_style() -> None:
    svg = qr_svg("ab" * 32, title='the fingerprint "x" <y>')
    assert svg.startswith('<svg role="img" viewBox="0 0 ')
    assert "<title>the fingerprint" in svg
    assert "<y>" not in svg
    assert "style=" not in svg
    assert svg == qr_svg("ab" * 32, title='the fingerprint "x" <y>')
