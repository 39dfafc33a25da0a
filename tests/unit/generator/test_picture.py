"""The trust chain as a picture: links where steps are, and the same in words."""

from __future__ import annotations

from itertools import combinations

import pytest

from generator.checking import Checked
from generator.picture import MARGIN, Picture, trust_picture
from generator.sources import Sources
from vaultproof.presentation.view import step_view
from vaultproof.presentation.words import Words

LINKS = {
    "rehearsal-messenger-2026": ["digest", "signer", "counter-signature", "attestation", "keys", "your-app"],
    "rehearsal-whatsapp-2025": ["app-pin", "attestation", "keys", "your-app"],
}


def picture_of(checked: Checked, sources: Sources) -> Picture:
    announced = checked.source.announcement
    procedure = sources.procedures[announced.procedure]
    words = Words(procedure, procedure.plan(announced.distribution))
    steps = [step_view(procedure.steps[result.id], result, words) for result in checked.report.steps]
    return trust_picture(announced, sources.trust.select(rehearsal=announced.rehearsal), steps, keys=7)


@pytest.mark.parametrize("id", sorted(LINKS))
def test_links_are_steps_of_the_procedure_with_their_state(
    id: str, checked: dict[str, Checked], sources: Sources
) -> None:
    picture = picture_of(checked[id], sources)
    assert [link.step for link in picture.links] == LINKS[id]
    results = {step.id: step for step in checked[id].report.steps}
    for link in picture.links:
        assert (link.number, link.status) == (results[link.step].number, results[link.step].status.value)
        assert link.sentence.startswith("That ")


@pytest.mark.parametrize("id", sorted(LINKS))
def test_boxes_lie_within_the_picture_and_apart(id: str, checked: dict[str, Checked], sources: Sources) -> None:
    picture = picture_of(checked[id], sources)
    for node in picture.nodes:
        assert node.x >= MARGIN
        assert node.x + node.width <= picture.width - MARGIN
        assert node.y + node.height <= picture.height - MARGIN
    for one, other in combinations(picture.nodes, 2):
        apart_across = one.x + one.width <= other.x or other.x + other.width <= one.x
        apart_down = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert apart_across or apart_down, (one.id, other.id)


@pytest.mark.parametrize("id", sorted(LINKS))
def test_links_go_down_from_box_to_box(id: str, checked: dict[str, Checked], sources: Sources) -> None:
    picture = picture_of(checked[id], sources)
    for link in picture.links:
        assert link.top < link.middle < link.bottom
        above = [node for node in picture.nodes if node.y + node.height == link.top]
        below = [node for node in picture.nodes if node.y == link.bottom]
        for nodes in (above, below):
            assert any(node.x <= link.x <= node.x + node.width for node in nodes)


def test_a_step_that_the_plan_does_not_have_draws_no_link(checked: dict[str, Checked], sources: Sources) -> None:
    announced = checked["rehearsal-messenger-2026"].source.announcement
    assert trust_picture(announced, sources.trust.rehearsal, [], keys=7).links == ()


def test_what_is_not_pinned_is_said(checked: dict[str, Checked], sources: Sources) -> None:
    announced = checked["rehearsal-messenger-2026"].source.announcement
    nodes = {node.id: node.detail for node in trust_picture(announced, sources.trust.production, [], keys=7).nodes}
    assert (nodes["root"], nodes["signer"], nodes["operator"]) == ("none is pinned",) * 3
