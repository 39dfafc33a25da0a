"""From a page model to HTML: Jinja with autoescape and no tolerance for names that a model does not have."""

from __future__ import annotations

from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.errors import BuildError
from generator.formatting import hex_groups

TEMPLATE_SUFFIX = ".html"


class Page(Protocol):
    """A page model: a dataclass whose fields are just what its template uses."""

    TEMPLATE: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders page models with the templates of one folder."""

    environment: Environment

    def render(self, page: Page) -> bytes:
        """The page as UTF-8.  Raises ``jinja2.UndefinedError`` where a template asks for what its model lacks."""
        values = {field.name: getattr(page, field.name) for field in fields(page)}
        return self.environment.get_template(page.TEMPLATE).render(values).encode("utf-8")


def make_renderer(templates: Path) -> Renderer:
    """A renderer for a folder of templates.  Raises ``BuildError`` when there is no such folder."""
    if not templates.is_dir():
        raise BuildError(f"there is no folder of templates at {templates}")
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["hex_groups"] = hex_groups
    return Renderer(environment)


def field_names(page: type[Page]) -> frozenset[str]:
    """The names that a page model gives its template."""
    return frozenset(field.name for field in fields(page))
