"""Take away: a sweep as code, as plots, as a page and as a sheet."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fox_nb import Fox, InvalidRequest

pytestmark = pytest.mark.usefixtures("noise")

EVIL = '<img src=x onerror="window.ran=1">'


def test_the_code_of_any_cell_asks_for_its_picture_free(fox: Fox, photo: Path, sandbox: Any) -> None:
    """The lines that a cell shows, run as they stand, give that very picture, and nothing is sent for them."""
    sweep = fox.compare_enhance(photo, creativity=[0.8, 1], resemblance=[0.2], takes=2, per_second=50).run()
    assert len(sandbox.creations) == 4
    shown = [take for cell in sweep.comparison().cells.values() for take in cell.takes]
    asked = [sweep.code(0, column, take) for column in (0, 1) for take in (1, 2)]
    assert [take.code for take in shown] == asked
    assert len(set(asked)) == 4
    for take in shown:
        task = eval(take.code, {"fox": fox})
        assert task.reused
        assert take.picture is not None
        assert task.images[0].path == take.picture.path
    assert len(sandbox.creations) == 4


def test_the_plots_name_each_picture(fox: Fox) -> None:
    """Tabs by the columns, one picture a value, or all: thumbnails with the settings in words; markup in a prompt is text."""
    sweep = fox.sweep("grok-imagine-image", prompt=[f"a fox {EVIL}", "a crow"], aspect_ratio="1:1, 16:9", takes=2)
    sweep.run()
    tabs, one, every = (sweep.plot(kind).data for kind in ("tabs", "representations", "images"))
    assert [plot.count("data:image/webp;base64,") for plot in (tabs, one, every)] == [8, 2, 8]
    assert max(len(tabs), len(one), len(every)) < 8 * 30_000
    for plot in (tabs, one, every):
        assert EVIL not in plot
        assert set(re.findall(r'<img src="([^;]*)', plot)) == {"data:image/webp"}
    assert tabs.count('type="radio"') == 2
    for words in ("Aspect ratio 16:9, variation 2", "Prompt a crow"):
        assert words in tabs
        assert words in every
    assert "take" not in one
    with pytest.raises(InvalidRequest, match="tabs, representations, images"):
        sweep.plot("pie")


def test_a_sweep_that_is_half_made_is_taken_away_as_it_is(fox: Fox, photo: Path, sandbox: Any, tmp_path: Path) -> None:
    """With one of two failed the page says why, the sheet and the plots have the other; before any is made none of them breaks."""
    sweep = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.5], at_once=1)
    assert "no pictures" in sweep.plot().data
    sweep.save_image(tmp_path / "empty.png")
    sandbox.misbehave("failed", times=1, message="the upstream said no")
    sweep.run()
    assert "the upstream said no" in sweep.save_html(tmp_path / "compare.html").read_text(encoding="utf-8")
    assert sweep.plot("images").data.count("base64,") == 1
    with Image.open(sweep.save_image(tmp_path / "grid.png")) as sheet:
        assert sheet.width > 2 * 512
