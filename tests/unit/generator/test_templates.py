"""Templates and page models: each template uses just what its model has, and nothing else."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError, meta, nodes

from generator import pages
from generator.errors import BuildError
from generator.pages.frame import Frame
from generator.rendering import Page, field_names, make_renderer
from tests.unit.generator.conftest import TEMPLATES, Site

BASE = "base.html"


def page_models() -> list[type[Page]]:
    """Every page model: the dataclasses of ``generator.pages`` and of the service that name a template."""
    modules = [import_module(f"{pages.__name__}.{found.name}") for found in iter_modules(pages.__path__)]
    modules.append(import_module("verifier_web.service.pages"))
    found = {name: value for module in modules for name, value in vars(module).items() if hasattr(value, "TEMPLATE")}
    return [found[name] for name in sorted(found)]


PAGES = page_models()


@pytest.fixture(scope="module")
def environment() -> Environment:
    return make_renderer(TEMPLATES).environment


def parse(environment: Environment, name: str) -> nodes.Template:
    assert environment.loader is not None
    return environment.parse(environment.loader.get_source(environment, name)[0])


def included(environment: Environment, name: str) -> set[str]:
    """Parts that a template includes, which see its whole context."""
    return {
        str(found.template.value)
        for found in parse(environment, name).find_all(nodes.Include)
        if isinstance(found.template, nodes.Const)
    }


def names_asked_for(environment: Environment, name: str) -> set[str]:
    """What a template takes from its context; parts that it imports stand under names of their own."""
    template = parse(environment, name)
    imported = {found.target for found in template.find_all(nodes.Import)}
    return set(meta.find_undeclared_variables(template)) - imported


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_a_page_uses_just_the_fields_of_its_model(page: type[Page], environment: Environment) -> None:
    asked = names_asked_for(environment, page.TEMPLATE)
    if "frame" in field_names(page):
        asked |= names_asked_for(environment, BASE)
    for name in included(environment, page.TEMPLATE):
        asked |= names_asked_for(environment, name)
    assert asked == field_names(page)


def test_the_page_models_are_found() -> None:
    assert {
        "DeploymentPage",
        "FrontPage",
        "LogEpochPage",
        "LogKeysPage",
        "LogPage",
        "NotFoundPage",
        "ProcedurePage",
        "TrustPage",
    } <= {page.__name__ for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_every_field_of_a_model_is_described(page: type[Page]) -> None:
    assert page.__doc__
    assert not page.__doc__.startswith(f"{page.__name__}(")


def test_the_frame_is_used_whole(environment: Environment) -> None:
    used = set()
    for name in environment.list_templates(extensions=["html"]):
        for attribute in parse(environment, name).find_all(nodes.Getattr):
            if isinstance(attribute.node, nodes.Name) and attribute.node.name == "frame":
                used.add(attribute.attr)
    assert used == {field.name for field in fields(Frame)}


def test_every_template_is_a_page_or_a_part_of_one(environment: Environment) -> None:
    templates = set(environment.list_templates(extensions=["html"]))
    parts = {name for name in templates if name.startswith("parts/")}
    models = {page.TEMPLATE for page in PAGES}
    assert templates - parts == models | {BASE} | {name for model in models for name in included(environment, model)}
    used = set()
    for name in templates:
        used |= {reference for reference in meta.find_referenced_templates(parse(environment, name)) if reference}
    assert parts <= used


def test_parts_take_nothing_from_outside_but_their_arguments(environment: Environment) -> None:
    parts = [name for name in environment.list_templates(extensions=["html"]) if name.startswith("parts/")]
    assert {name: names_asked_for(environment, name) for name in parts} == {name: set() for name in parts}


def test_no_template_switches_escaping_off() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup", text), path.name


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=)|https?://", text), path.name


def test_classes_and_rules_belong_to_each_other(site: Site, failing_site: Site, log_site: Site) -> None:
    """A rule without an element is left behind; an element's class without a rule is a slip of the pen."""
    sheet = (TEMPLATES / "assets/site.css").read_text("utf-8")
    sheet = re.sub(r'/\*.*?\*/|"[^"]*"|:\s*[^{};]*;', "", sheet, flags=re.DOTALL)
    ruled = set(re.findall(r"\.([a-zA-Z][\w-]*)", sheet))
    pages = "".join([page for built in (site, failing_site, log_site) for page in built.pages.values()])
    written = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.html"))
    used = {name for found in re.findall(r'class="([^"{]*)"', pages + written) for name in found.split()}
    assert ruled - used == {"matrix--many"}
    assert used - ruled == {"link", "node--thing", "qr__modules"}


def test_what_a_model_lacks_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "404.html").write_text("{{ frame.colour }}")
    renderer = make_renderer(tmp_path)
    assert renderer.environment.undefined is StrictUndefined
    with pytest.raises(UndefinedError):
        renderer.environment.from_string("{{ missing }}").render()


def test_a_folder_without_templates_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="nowhere"):
        make_renderer(tmp_path / "nowhere")


def test_values_are_escaped() -> None:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    assert environment.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    assert make_renderer(TEMPLATES).environment.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
