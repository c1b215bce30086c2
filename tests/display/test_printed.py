"""Exports that take no HTML have the pictures all the same."""

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from nbconvert import HTMLExporter, LatexExporter
from PIL import Image
from traitlets.config import Config

from fox_nb import compare
from fox_nb.display.printed import _sheet
from fox_nb.images.thumbnail import thumbnail
from fox_nb.session import Image as PictureOfATask
from fox_nb.session.renderer import TERMINAL
from fox_nb.store.rows import PictureRow
from kernels import notebook


def test_a_latex_export_has_the_pictures(runner: Any, own_sandbox: Mapping[str, str]) -> None:
    """A task and a picture stand in the file that PDFs are made from, as a small JPEG beside their HTML; in a cleaned page, too."""
    cells = (
        "import fox_nb\nfox = fox_nb.Fox(store='s')",
        "fox.generate('a fox', num_outputs=2)",
        "fox.tasks()[0].images[0]",
    )
    ran = runner.execute(notebook(*cells), env={**own_sandbox, "FOX_NB_WAIT": "1"})
    shown = [output.data for cell in ran.cells[1:] for output in cell.outputs if "data" in output]
    assert [sorted(data) for data in shown] == [["image/jpeg", "text/html", "text/plain"]] * 2
    for data in shown:
        assert len(data["image/jpeg"]) < 60_000
        assert Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))).format == "JPEG"
    _, resources = LatexExporter().from_notebook_node(ran)
    assert len(resources["outputs"]) == 2
    pictures_first = Config(NbConvertBase={"display_data_priority": ["image/jpeg", "text/html", "text/plain"]})
    page, _ = HTMLExporter(config=pictures_first, sanitize_html=True).from_notebook_node(ran)
    assert page.count("<img") == 2


def test_lists_plans_and_comparisons_have_theirs_too(runner: Any, own_sandbox: Mapping[str, str]) -> None:
    """What is handed in as a PDF is an experiment, and its pictures stand there."""
    cells = (
        "import fox_nb\nfox = fox_nb.Fox(store='s')\nrun = fox.sweep('phota-image', prompt=['a fox', 'a bear'])",
        "run.run()",
        "fox.tasks()",
        "fox_nb.compare([task.images[0] for task in fox.tasks()])",
        "fox.batch([{'prompt': 'a fox'}], model='phota-image').run()",
        "run.plot('images')",
    )
    ran = runner.execute(notebook(*cells), env={**own_sandbox, "FOX_NB_WAIT": "1"})
    for cell in ran.cells[1:]:
        (jpeg,) = filter(None, (output.get("data", {}).get("image/jpeg") for output in cell.outputs))
        assert len(jpeg) < 60_000
        assert Image.open(io.BytesIO(base64.b64decode(jpeg))).format == "JPEG"
    _, resources = LatexExporter().from_notebook_node(ran)
    assert len(resources["outputs"]) == 5


def test_what_a_panel_made_is_there_too(runner: Any, sandbox_env: Mapping[str, str]) -> None:
    """Whoever presses Generate and hands the notebook in as a PDF has the picture in it, as whoever calls has."""
    made = (
        "task = panel.submit().wait(60)\nkept = False\nwhile not kept:\n"
        "    time.sleep(0.05)\n    with panel._record._lock:\n        kept = task.identity in panel._record._over"
    )
    cells = ("import time, fox_nb\npanel = fox_nb.Fox().panel('phota-image', prompt='a fox')\npanel", made)
    ran = runner.execute(notebook(*cells), env=sandbox_env)
    jpegs = [output.data["image/jpeg"] for output in ran.cells[0].outputs if "image/jpeg" in output.get("data", ())]
    assert [len(jpeg) < 60_000 for jpeg in jpegs] == [True]
    _, resources = LatexExporter().from_notebook_node(ran)
    assert len(resources["outputs"]) == 1


def test_a_transparent_picture_is_printed_on_white(tmp_path: Path) -> None:
    """What lies below full transparency, mostly black, is no part of what is seen: neither in a PDF nor in an array."""
    drawn = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    drawn.paste("red", (50, 50, 250, 150))
    drawn.save(tmp_path / "a.png")
    with Image.open(io.BytesIO(_sheet([thumbnail(tmp_path / "a.png")]))) as sheet:
        corner, middle = sheet.getpixel((5, 5)), sheet.getpixel((150, 100))
    assert min(corner) > 250
    assert middle[0] > 250
    assert max(middle[1:]) < 5
    row = PictureRow(1, "a.png", "", "", "image/png", 300, 200, 0)
    pixels = np.asarray(PictureOfATask(row, tmp_path / "a.png", tmp_path, TERMINAL))
    assert [pixels[5, 5].tolist(), pixels[100, 150].tolist()] == [[255] * 3, [255, 0, 0]]


def test_the_narrowest_picture_is_printed_too(tmp_path: Path) -> None:
    """A line of pixels, as a scanner gives one, has a pixel left when it is scaled, alone and beside others."""
    Image.new("RGB", (1, 3000), "red").save(tmp_path / "line.png")
    line, wide = thumbnail(tmp_path / "line.png", edge=896), thumbnail(tmp_path / "line.png")
    for pictures in ([line], [line, wide], [wide]):
        with Image.open(io.BytesIO(_sheet(pictures))) as sheet:
            assert sheet.width == len(pictures)
            assert sheet.getpixel((0, 50))[0] > 200
    pictures = compare([Image.new("RGB", (900, 300)), tmp_path / "line.png"])
    with Image.open(pictures.save_image(tmp_path / "sheet.png")) as sheet:
        assert (255, 0, 0) in [colour for _, colour in sheet.convert("RGB").getcolors(1 << 20) or ()]


def test_a_damaged_picture_hides_no_other(runner: Any, own_sandbox: Mapping[str, str]) -> None:
    """A task, its asking again and a picture are pages that say what cannot be read, with what can be read beside it."""
    cells = (
        "import fox_nb\nfox = fox_nb.Fox(store='s')\ntask = fox.generate('a fox', num_outputs=2).wait()",
        "path = task.images[0].path\npath.write_bytes(path.read_bytes()[:-50_000])",
        "task",
        "fox.generate('a fox', num_outputs=2)",
        "task.images[0]",
    )
    ran = runner.execute(notebook(*cells), env=own_sandbox)
    (task,), (again,), (picture,) = ([output.data for output in cell.outputs] for cell in ran.cells[2:])
    for shown in (task, again):
        assert shown["text/html"].count("<img") == 1
        assert "1 of its files cannot be read." in shown["text/html"]
        assert "image/jpeg" in shown
    assert "cannot be read" in picture["text/html"]
