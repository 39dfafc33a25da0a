"""Markdown to HTML that may stand in a page: what a publisher wrote is never trusted with markup of its own.

python-markdown lets raw HTML and ``javascript:`` addresses through; nh3 then keeps a short list of tags and attributes
and drops everything else.  Headings are shifted below those of the page, and links open without telling from where.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

import markdown
import nh3
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markupsafe import Markup

_TAGS = {
    "a", "abbr", "blockquote", "br", "caption", "code", "dd", "del", "dl", "dt", "em", "h2", "h3", "h4", "h5", "h6",
    "hr", "kbd", "li", "ol", "p", "pre", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "abbr": {"title"}, "th": {"scope"}, "ol": {"start"}}
_SCHEMES = {"https", "http", "mailto"}
_EXTENSIONS = ("tables", "fenced_code", "sane_lists")
_HEADING = re.compile(r"h([1-6])")


def to_html(text: str, *, shift: int = 1) -> Markup:
    """Safe HTML of a Markdown text; its headings stand ``shift`` levels lower (``# x`` is an ``h2`` when it is 1).

    Images, raw HTML, styles and every address but web and mail ones are dropped; the text in them stays.
    """
    rendered = markdown.markdown(text, extensions=[*_EXTENSIONS, _Shift(levels=shift)], output_format="html")
    cleaned = nh3.clean(
        rendered,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(cleaned)  # noqa: S704  (nh3 has just cleaned it)


class _Shift(Extension):
    """Moves headings down, and marks header cells of tables as such."""

    def __init__(self, *, levels: int) -> None:
        super().__init__()
        self._levels = levels

    def extendMarkdown(self, md: markdown.Markdown) -> None:  # noqa: N802  (python-markdown's name)
        md.treeprocessors.register(_ShiftHeadings(md, self._levels), "shift-headings", 0)


class _ShiftHeadings(Treeprocessor):
    def __init__(self, md: markdown.Markdown, levels: int) -> None:
        super().__init__(md)
        self._levels = levels

    def run(self, root: Element) -> None:
        for element in root.iter():
            found = _HEADING.fullmatch(element.tag)
            if found:
                element.tag = f"h{min(6, int(found[1]) + self._levels)}"
            elif element.tag == "th":
                element.attrib = {"scope": "col"}
            elif element.tag == "td":
                element.attrib = {}
