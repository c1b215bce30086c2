"""Comparison: the table that stays in a notebook, the page and the sheet to take away."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import math
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

from comparisons import laid_out
from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.render.comparison import (
    Axis,
    Cell,
    ComparedPicture,
    Comparison,
    Take,
    facts,
    numbers,
    preview_size,
)
from fox_nb.render.comparison_files import save_html, save_image
from fox_nb.render.comparison_table import static_grid

if TYPE_CHECKING:
    from pathlib import Path

EVIL = '<img src=x onerror="window.ran=1"></script><script>window.ran=1</script>'


def picture(folder: Path, name: str, size=(96, 64), seed=0) -> ComparedPicture:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / name, compress_level=0)
    return ComparedPicture(folder / name, *size)


def grid(folder: Path, rows=2, columns=3, size=(96, 64), **more) -> Comparison:
    cells = [
        [
            Cell(
                f"creativity {r}, resemblance {c}",
                [
                    Take(
                        1,
                        "done",
                        picture(folder, f"{r}-{c}.png", size, seed=1 + r * columns + c),
                        metrics={"ssim": 0.5},
                        code=f"fox.enhance(photo, creativity={r})",
                    )
                ],
            )
            for c in range(columns)
        ]
        for r in range(rows)
    ]
    original = picture(folder, "original.png", size, seed=99)
    axes = Axis("creativity", [str(r) for r in range(rows)]), Axis("resemblance", [str(c) for c in range(columns)])
    return laid_out(
        **{"title": "Enhance", "rows": axes[0], "columns": axes[1], "cells": cells, "original": original, **more}
    )


class PollResult(html.parser.HTMLParser):
    """What a browser would make of the markup: tags with their attributes, and text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._style = False
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag):
        self._style = False

    def handle_data(self, data):
        if not self._style:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_every_picture_is_in_the_table_once(tmp_path):
    """Each preview's bytes stand in the markup once, the original's a second time for the hover."""
    comparison = grid(tmp_path)
    seen = PollResult(static_grid(comparison))
    sources = [image["src"] for image in seen.all("img")]
    assert len(sources) == len(set(sources)) == 7
    markup = static_grid(comparison)
    assert [markup.count(source) for source in sources] == [2, 1, 1, 1, 1, 1, 1]


def test_the_table_reads_without_its_style(tmp_path):
    """Heads name both parameters and all values, pictures have words and sizes, and there is no script."""
    seen = PollResult(re.sub(r"<style>.*?</style>", "", static_grid(grid(tmp_path)), flags=re.DOTALL))
    assert [th.get("scope") for th in seen.all("th")] == [None, "col", "col", "col", "row", "row"]
    assert "creativity ↓ resemblance →" in seen.text
    assert "SSIM 0.500" in seen.text
    assert [image["alt"] for image in seen.all("img")][:2] == ["Original", "creativity 0, resemblance 0"]
    assert all(image["width"] and image["height"] for image in seen.all("img"))
    assert not seen.all("script")


@pytest.fixture(scope="module")
def worst(tmp_path_factory) -> Comparison:
    """A 5 by 5 of noise, which compresses as badly as can be."""
    return grid(tmp_path_factory.mktemp("worst"), 5, 5, (1200, 1200))


def test_a_five_by_five_stays_below_its_limit(worst):
    """A 5 by 5 of pictures that compress badly makes less than 1.5 MB of output."""
    assert len(static_grid(worst)) < 1_500_000


def test_many_pictures_share_the_same_room(tmp_path):
    """The more pictures, the smaller each preview; the whole stays about a megabyte up to 256."""
    sizes = [preview_size(count) for count in (1, 32, 33, 64, 65, 128, 129, 256, 257)]
    assert sizes == sorted(sizes, reverse=True)
    assert all(count * preview_size(count)[1] <= 1_160_000 for count in range(1, 257))


@pytest.mark.parametrize("where", ["title", "axis", "value", "label", "reason", "note", "metric"])
def test_what_comes_from_outside_is_only_text(tmp_path, where):
    """Markup in a title, a parameter, a value, a label or a reason makes no element, in the table and in the page."""
    comparison = grid(tmp_path, 1, 2)
    broken = Take(1, "failed", reason=EVIL if where == "reason" else "no")
    noted = Take(1, "done", comparison.cells[1, 0].takes[0].picture, note=EVIL, code=EVIL, metrics={EVIL: 1.0})
    comparison = laid_out(
        EVIL if where == "title" else "t",
        Axis(EVIL if where == "axis" else "a", [EVIL if where == "value" else "1"]),
        Axis("b", ["1", "2"]),
        [[Cell(EVIL if where == "label" else "cell", [broken]), Cell("other", [noted])]],
        comparison.original,
    )
    plain = PollResult(static_grid(comparison))
    assert not plain.all("script")
    assert all(image["src"].startswith("data:image/webp;base64,") for image in plain.all("img"))
    page = PollResult(save_html(comparison, tmp_path / "page.html").read_text(encoding="utf-8"))
    assert [script["type"] for script in page.all("script")] == ["application/json", "module"]
    assert all("onerror" not in image for image in page.all("img"))


def test_what_is_not_there_says_why(tmp_path):
    """A failed cell shows its reason, one that is not made says so, and a picture that is gone is no broken image."""
    gone = ComparedPicture(tmp_path / "gone.png", 10, 10)
    cells = [
        [
            Cell("a", [Take(1, "failed", reason="content policy")]),
            Cell("b", [Take(1, "pending")]),
            Cell("c", [Take(1, "running")]),
            Cell("d", [Take(1, "done", gone)]),
        ]
    ]
    seen = PollResult(static_grid(laid_out("t", None, Axis("x", list("abcd")), cells)))
    assert "failed: content policy" in seen.text
    assert "not sent" in seen.text
    assert "d: the picture's file can't be read" in seen.text
    assert not seen.all("img")
    assert str(tmp_path) not in seen.text


def test_one_parameter_makes_a_row(tmp_path):
    """With one parameter there are no row heads, and each column names it."""
    cells = [[Cell("a", [Take(1, "done", picture(tmp_path, "a.png"))])]]
    seen = PollResult(static_grid(laid_out("t", None, Axis("aspect ratio", ["16:9"]), cells)))
    assert [th["scope"] for th in seen.all("th")] == ["col"]
    assert "aspect ratio 16:9" in seen.text


def test_takes_stand_side_by_side_with_mean_and_spread(tmp_path):
    """A cell of two takes shows both pictures, and its numbers as mean and spread."""
    takes = [
        Take(n, "done", picture(tmp_path, f"{n}.png", seed=n), metrics={"ssim": s, "psnr": None})
        for n, s in ((1, 0.4), (2, 0.6))
    ]
    seen = PollResult(static_grid(laid_out("t", None, Axis("x", ["1"]), [[Cell("x 1", takes)]])))
    assert [image["alt"] for image in seen.all("img")] == ["x 1, variation 1", "x 1, variation 2"]
    assert "SSIM 0.500 ± 0.141" in seen.text
    assert "PSNR" not in seen.text


def test_pictures_of_one_take_are_told_apart(tmp_path):
    """Two pictures of one task are no two variations: each says which of them it is."""
    takes = [Take(1, "done", picture(tmp_path, f"{n}.png", seed=n)) for n in (1, 2)]
    seen = PollResult(static_grid(laid_out("t", None, Axis("x", ["1"]), [[Cell("x 1", takes)]])))
    assert [image["alt"] for image in seen.all("img")] == [
        "x 1, variation 1, picture 1 of 2",
        "x 1, variation 1, picture 2 of 2",
    ]


def test_same_pixels_are_so_in_all_takes():
    """The mean of a number over takes, one of which is the original itself, is that of the others."""
    takes = [Take(n, "done", metrics={"psnr": value}) for n, value in enumerate((math.inf, 20.0), 1)]
    assert numbers(Cell("x", takes).summary()) == [("PSNR", "20.0 dB")]
    assert numbers(Cell("x", takes[:1]).summary()) == [("PSNR", "same pixels")]


def test_heads_that_differ_at_their_end_are_told_apart(tmp_path):
    """Two long prompts that begin alike have two heads, in the viewer and in the table."""
    axis = Axis("prompt", ["in oil, " * 60 + word for word in ("a fox", "an owl")])
    comparison = laid_out(
        "t", None, axis, [[Cell(word, [Take(1, "done", picture(tmp_path, f"{word}.png"))]) for word in "ab"]]
    )
    assert len(set(facts(comparison)["axes"][0]["labels"])) == 2
    heads = re.findall(r"<th scope=.col.*?</th>", static_grid(comparison))
    assert len(set(heads)) == len(heads) == 2


def test_numbers_in_words():
    """Infinite PSNR is 'same pixels', unknown names are kept, what is missing is left out."""
    said = numbers({"psnr": math.inf, "ssim": (0.5, math.nan), "seconds": 3.25, "sharpness": None})
    assert said == [("PSNR", "same pixels"), ("SSIM", "0.500"), ("seconds", "3.250")]


def test_a_spread_below_the_digits_is_not_called_nothing():
    """Takes that differ by less than what is shown have a spread all the same; equal ones have none."""
    assert numbers({"ssim": (0.5, 0.0002), "psnr": (30.0, 0.0)}) == [
        ("SSIM", "0.500 ± <0.001"),
        ("PSNR", "30.0 ± 0.0 dB"),
    ]
    assert numbers({"ssim": (0.5, 0.0006)}) == [("SSIM", "0.500 ± 0.001")]


def test_the_browser_learns_no_paths(tmp_path):
    """Neither the table nor the facts for the viewer name a folder of this machine."""
    comparison = grid(tmp_path)
    assert str(tmp_path) not in static_grid(comparison) + json.dumps(facts(comparison))


def test_a_cell_without_a_place_is_refused(tmp_path):
    """A place must be one of the axes' values, places may be empty, and each cell needs a take."""
    axes = [Axis("x", ["1", "2"]), Axis("y", ["1"])]
    for place in ((2, 0), (0, -1), (0,), (0, 0, 0)):
        with pytest.raises(ValueError, match="2 by 1 values has no place"):
            Comparison("t", axes, {place: Cell("a")})
    assert "not sent" in static_grid(Comparison("t", axes, {(1, 0): Cell("a")}))
    with pytest.raises(ValueError, match="take"):
        laid_out("t", None, Axis("x", ["1"]), [[Cell("a", [])]])


def test_the_same_comparison_has_the_same_id(tmp_path):
    """A viewer finds the table that stands for it; another comparison's table it doesn't touch."""
    assert grid(tmp_path).id == grid(tmp_path).id != grid(tmp_path, title="Another").id


def test_the_page_lets_only_its_own_script_run(tmp_path):
    """The page's policy forbids the network and every script but the one whose hash it names."""
    page = save_html(grid(tmp_path), tmp_path / "new" / "compare.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    code = re.search(r'<script type="module">(.*?)</script>', page, re.DOTALL)[1]
    mark = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"script-src 'sha256-{mark}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_what_the_numbers_show_goes_along(tmp_path):
    """The page says it above the grid, as text, and the sheet has lines for it below its title."""
    comparison = grid(tmp_path)
    page = save_html(comparison, tmp_path / "a.html", findings=["By SSIM no setting <stands> apart."]).read_text(
        "utf-8"
    )
    assert "By SSIM no setting &lt;stands&gt; apart." in page
    sizes = []
    for said in ([], ["By SSIM no setting stands apart."]):
        with Image.open(save_image(comparison, tmp_path / "a.png", findings=said)) as sheet:
            sizes.append(sheet.height)
    assert sizes[1] > sizes[0]


def test_the_page_of_a_five_by_five_stays_below_its_limit(worst, tmp_path):
    """Noise at 1200 px, the worst there is, still makes a page below 10 MB, with previews of at most 1024 px."""
    page = save_html(worst, tmp_path / "compare.html")
    assert page.stat().st_size < 10_000_000
    words = re.search(r'id="fox-facts">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)[1]
    original = json.loads(words)["original"]
    assert max(original["width"], original["height"]) <= 1024
    assert original["full"] == "1200 \u00d7 1200"
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(("name", "form"), [("grid.png", "PNG"), ("grid.JPG", "JPEG"), ("grid.webp", "WEBP")])
def test_a_contact_sheet_in_the_format_of_its_name(tmp_path, name, form):
    """The sheet holds all pictures with their labels, in the format that its name asks for."""
    with Image.open(save_image(grid(tmp_path), tmp_path / name)) as sheet:
        assert sheet.format == form
        assert sheet.width > 4 * 512
        assert sheet.height > 2 * 341


def test_a_contact_sheet_shows_each_picture(tmp_path):
    """Each picture's colour is on the sheet, and the label of a cell that failed instead of one."""
    cells = [[]]
    for name, colour in (("red", (250, 0, 0)), ("green", (0, 250, 0))):
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{name}.png")
        cells[0].append(Cell(name, [Take(1, "done", ComparedPicture(tmp_path / f"{name}.png", 64, 64))]))
    cells[0].append(Cell("none", [Take(1, "failed", reason="words " * 200)]))
    path = save_image(laid_out("t " * 500, None, Axis("x", ["1", "2", "y" * 500]), cells), tmp_path / "s.png")
    with Image.open(path) as sheet:
        found = {colour for count, colour in sheet.getcolors(1 << 24) if count > 1000}
    assert any(r > 240 and g < 10 for r, g, b in found)
    assert any(g > 240 and r < 10 for r, g, b in found)


@pytest.mark.parametrize("columns", [1, 50])
def test_a_contact_sheet_of_any_width_is_sane(tmp_path, columns):
    """One picture is shown large, fifty in a row small, and no sheet gets out of hand."""
    cells = [[Cell("x", [Take(1, "done", picture(tmp_path, "a.png"))])] * columns]
    path = save_image(laid_out("t", None, Axis("x", ["v"] * columns), cells), tmp_path / "s.png")
    with Image.open(path) as sheet:
        assert 400 < sheet.width < 6000


def test_a_text_without_blanks_is_broken_too(tmp_path, monkeypatch):
    """A prompt in Chinese or a link takes its lines and as many looks as it has lines, not as it has signs."""
    looks = []
    textlength = ImageDraw.ImageDraw.textlength

    def counted(self, text, *rest, **options):
        looks.append(text)
        return textlength(self, text, *rest, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "textlength", counted)
    cells = [[Cell("a", [Take(1, "done", picture(tmp_path, "a.png"))])]]
    heights = []
    for label in ("y", "y" * 4000):
        with Image.open(save_image(laid_out("t", None, Axis("x", [label]), cells), tmp_path / "s.png")) as sheet:
            heights.append(sheet.height)
    assert heights[1] - heights[0] > 60  # three lines more
    assert len(looks) < 300


def test_a_contact_sheet_that_is_too_tall_is_cut_into_pages(tmp_path):
    """WebP ends at 16,383 pixels: the other rows go on in a second file, which takes no other file's place."""
    cells = [[Cell("x", [Take(1, "done", picture(tmp_path, "a.png"))])] for _ in range(600)]
    comparison = laid_out("t", Axis("y", [str(n) for n in range(600)]), Axis("x", ["v"]), cells)
    (tmp_path / "s-2.webp").write_text("another")
    with pytest.raises(FoxError, match=r"s-2\.webp is there already"):
        save_image(comparison, tmp_path / "s.webp")
    assert not (tmp_path / "s.webp").exists()
    assert (tmp_path / "s-2.webp").read_text() == "another"
    (tmp_path / "s-2.webp").unlink()
    path = save_image(comparison, tmp_path / "s.webp")
    pages = [path, *sorted(tmp_path.glob("s-*.webp"))]
    heights = []
    for page in pages:
        with Image.open(page) as sheet:
            heights.append(sheet.height)
    assert len(pages) > 1
    assert max(heights) <= 16_383
    assert sum(heights) > 600 * 45


def test_a_table_holds_so_many_pictures_however_many_takes(tmp_path):
    """A hundred cells of twenty variations make no notebook of many megabytes: the first cells are in it, and it says so."""
    cell = Cell("x", [Take(number, "done", picture(tmp_path, "a.png")) for number in range(1, 21)])
    many = laid_out("t", None, Axis("x", [str(n) for n in range(100)]), [[cell] * 100])
    made = static_grid(many)
    assert made.count("<img") == 320
    assert "The first 16 of 100 are in this table." in made


def test_a_contact_sheet_that_is_too_wide_is_cut_too(tmp_path):
    """Columns that WebP has no room for stand below the others, each once; what its encoder refuses is said in words."""
    Image.new("RGB", (96, 64), "red").save(tmp_path / "a.png")
    cells = [[Cell("x", [Take(1, "done", ComparedPicture(tmp_path / "a.png", 96, 64))])] * 300]
    wide = laid_out("t", Axis("y", ["1"]), Axis("x", [str(n) for n in range(300)]), cells)
    with Image.open(save_image(wide, tmp_path / "s.webp")) as sheet:
        red, green, _ = np.moveaxis(np.asarray(sheet.convert("RGB")), 2, 0)
    assert round(int(((red > 150) & (green < 90)).sum()) / (64 * 43)) == pytest.approx(300, rel=0.03)
    with pytest.raises(FoxError, match="can't be made as WEBP"):
        save_image(grid(tmp_path, 1, 1), tmp_path / "t.webp", findings=["one of very many lines"] * 1500)


def test_a_contact_sheet_needs_a_known_ending(tmp_path):
    """Any other ending is refused with the ones that are known, and nothing is written."""
    with pytest.raises(InvalidRequest, match=r"\.png"):
        save_image(grid(tmp_path), tmp_path / "grid.xyz")
    assert not (tmp_path / "grid.xyz").exists()
