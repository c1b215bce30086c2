"""Every parameter of every model, set in its panel by a person's means, arrives in the sandbox as it was set."""

from typing import Any

import pytest

from fox_nb.models import MODELS
from fox_nb.parameters import Parameter, parameters
from lab import Lab
from studios import Studio, open_studio, received

pytestmark = pytest.mark.usefixtures("noise")

LINK = "https://example.com/{}.jpg"
OWN = {"image_archive_url": "https://example.com/photos.zip", "image_url": LINK.format("a")}
PROFILE = """from fox_nb.store.people import People
People(fox.store.journal).name("sandbox", "profile_ada", "Ada", 1.0)
fox.panel({model!r})"""


def required(studio: Studio, model: str) -> dict[str, Any]:
    """Set what the model cannot do without, and return what is to arrive for it."""
    body: dict[str, Any] = {"model": model}
    for parameter in parameters(MODELS[model]):
        if not parameter.required:
            if parameter.default is not None:
                body[parameter.name] = parameter.default
        elif parameter.hint.kind == "prompt":
            studio.prompt("a red fox")
            body[parameter.name] = "a red fox"
        else:
            place = OWN.get(parameter.name, LINK.format("a"))
            studio.add_place(place)
            studio.picked(1)
            if parameter.hint.consent:
                studio.here.get_by_role("checkbox", name=parameter.hint.consent).check()
            body[parameter.name] = [place] if parameter.many else place
    return body


def settings(parameter: Parameter, plain: dict[str, Any]) -> list[tuple[Any, Any]]:
    """What to set a parameter to, each with how: all options; the ends and one between of a number.

    What it is already all other requests have; asked for twice within a second, it would be one press.
    """
    if parameter.options:
        return [(option, option) for option in parameter.options if option != plain.get(parameter.name)]
    if parameter.hint.kind == "profile":
        return [(["profile_ada"], "Ada (profile_ada)")]
    if parameter.type is int:
        most = int(parameter.hint.panel_maximum or parameter.maximum or 0)
        return [(value, value) for value in (most, 2)]
    if parameter.type is float:
        return [(value, f"{value:g}") for value in (0.0, 0.35, 1.0)]
    return []


def apply(studio: Studio, parameter: Parameter, how: Any) -> None:
    if parameter.options:
        studio.choose(parameter.label, how)
    elif parameter.hint.kind == "profile":
        studio.here.get_by_role("checkbox", name=how).check()
    elif parameter.type is int:
        studio.number(how)
    else:
        studio.level(parameter.label, how)


def put_back(studio: Studio, parameter: Parameter, plain: dict[str, Any]) -> None:
    """Make it again what it was before."""
    if parameter.options:
        studio.choose(parameter.label, plain.get(parameter.name, "not set"))
    elif parameter.hint.kind == "profile":
        studio.here.get_by_role("checkbox").uncheck()
    elif parameter.type is int:
        studio.number(parameter.default)
    elif parameter.type is float:
        studio.here.get_by_role("button", name=f"Clear {parameter.label}").click()


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_arrives_as_it_was_set(lab: Lab, sandbox: Any, sandbox_env: dict[str, str], model: str) -> None:
    """One after the other, for all options; what is not set is not sent, also after it was set and unset again."""
    sandbox.set(speed=1)
    studio = open_studio(lab, sandbox_env, what=PROFILE.format(model=model))
    plain = required(studio, model)
    wanted = [plain]
    studio.press()
    received(studio.page, sandbox, 1)
    for parameter in parameters(MODELS[model]):
        for value, how in settings(parameter, plain):
            apply(studio, parameter, how)
            studio.press()
            wanted.append({**plain, parameter.name: value})
            received(studio.page, sandbox, len(wanted))
        if plain.get(parameter.name) == "4K":
            plain = {**plain, parameter.name: "1K"}  # it stays so: the sandbox need not draw all of them so large
        elif settings(parameter, plain):
            put_back(studio, parameter, plain)
    if len(wanted) > 1:
        studio.press()
        wanted.append(plain)
    assert received(studio.page, sandbox, len(wanted)) == wanted


def test_several_pictures_arrive_in_their_order(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """Three for Grok and no fourth; what was moved or taken out by hand is so when it is sent, however late that is heard."""
    studio = open_studio(lab, sandbox_env, what="panel = fox.panel('grok-imagine-image')\npanel")
    studio.prompt("put them together")
    for at, name in enumerate("abc", start=1):
        studio.add_place(LINK.format(name))
        studio.picked(at)
    studio.add_place(LINK.format("d"))
    studio.page.locator(".fox-picker [role=alert]:has-text('it takes 3')").wait_for()
    studio.here.get_by_role("button", name="Move earlier").last.click()
    studio.page.wait_for("() => /c\\.jpg/.test(document.querySelectorAll('.fox-item')[1].innerText)")
    studio.press()
    (body,) = received(studio.page, sandbox, 1)
    assert body["image_urls"] == [LINK.format(name) for name in "acb"]
    # With subshells these words may come after the press; here they never come.
    for act in ("order", "remove"):
        studio.page.kernel_value(f"setattr(panel.controls['image_urls'], '_on_{act}', lambda *_: None)")
    studio.here.get_by_role("button", name="Move earlier").last.click()
    studio.here.get_by_role("button", name="Remove").first.click()
    studio.picked(2)
    studio.press()
    assert received(studio.page, sandbox, 2)[1]["image_urls"] == [LINK.format(name) for name in "bc"]


def test_a_profile_is_put_into_the_prompt(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """Choosing one adds ``[[id]]`` and shows the name, an arrow key alone none; an id that is not known is pointed out."""
    studio = open_studio(lab, sandbox_env, what=PROFILE.format(model="phota-image"))
    studio.prompt("a portrait of")
    profiles = studio.here.get_by_role("combobox", name="Profile")
    profiles.press("ArrowDown")
    studio.page.page.keyboard.press("Escape")
    assert studio.here.get_by_role("textbox", name="Prompt").input_value() == "a portrait of"
    profiles.select_option(label="Ada (profile_ada)")
    studio.page.locator(".fox-people:has-text('Ada')").wait_for()
    studio.press()
    assert "[[profile_ada]]" in received(studio.page, sandbox, 1)[0]["prompt"]
    studio.prompt("a portrait of [[profile_nobody]]")
    studio.page.locator(".fox-people:has-text('is not among your profiles')").wait_for()
