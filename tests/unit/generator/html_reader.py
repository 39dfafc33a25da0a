"""A small strict reader of our own HTML: what is open is closed, ids are unique, links are collected."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
LEFT_OPEN = frozenset({"rect", "path", "use"})
"""Elements of SVG that pages write with a slash."""


@dataclass
class Document:
    """What was found in a page."""

    title: str = ""
    language: str | None = None
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    text: str = ""
    problems: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.document = Document()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        self._look_at(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID | LEFT_OPEN:
            self.document.problems.append(f"<{tag}/> at {self.getpos()}")
        self._look_at(tag, attrs)

    def _look_at(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found, names = dict(attrs), [name for name, _ in attrs]
        document = self.document
        if len(set(names)) != len(names):
            document.problems.append(f"an attribute twice on <{tag}> at {self.getpos()}")
        if "template" not in self._open:
            document.tags.append((tag, found))
            document.ids += [found["id"] or ""] if "id" in found else []
            for name in ("aria-labelledby", "aria-describedby"):
                document.references += (found.get(name) or "").split()
        if tag == "html":
            document.language = found.get("lang")
        if tag in ("a", "link", "use") and found.get("href"):
            document.links.append(found["href"] or "")
        if tag in ("script", "img") and found.get("src"):
            document.sources.append(found["src"] or "")
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6") and "template" not in self._open:
            document.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.document.problems.append(f"</{tag}> at {self.getpos()} closes {self._open[-1:]}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["title"] and "svg" not in self._open:
            self.document.title += data
        elif not {"pre", "template", "script"} & set(self._open):
            self.document.text += data

    def finish(self) -> Document:
        self.close()
        if self._open:
            self.document.problems.append(f"left open: {self._open}")
        return self.document


def read(html: str) -> Document:
    """The document in ``html``."""
    reader = _Reader()
    reader.feed(html)
    return reader.finish()
