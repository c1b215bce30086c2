"""The lessons' outputs: made by running them, kept as plain HTML and pictures, and compared by what matters in them."""

import base64
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbclient import NotebookClient
from PIL import Image

from kernels import without_ports

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9][0-9]-*.ipynb"))
STUDIO = LESSONS[0].with_name("studio.ipynb")
LARGEST = 1_000_000
"""Bytes that a lesson may have with its outputs."""

PANEL_PROMPT = "A sailing boat on a lake in spring, morning light"
CARD = """
from IPython.display import HTML, display
from fox_nb.models import MODELS
from fox_nb.render.html import frame, head, note
from fox_nb.render.image_grid import sheet
from fox_nb.display import task_pages
made = fox.generate({prompt!r}, aspect_ratio="16:9").wait()
title, text = head("Generate: phota-image", sandbox=fox.is_sandbox), note("Run this cell to use it.")
display(HTML(frame(title, text, sheet(task_pages.pictures_of(made)))))
"""

_WIDGET = "application/vnd.jupyter.widget-view+json"
_DATA = re.compile(r"data:image/(?:webp|jpeg|png);base64,([A-Za-z0-9+/=]+)")
_TO_THE_FILE = re.compile(r'(?: <span class=fx-dim>·</span> )?<a href="fox_runs/[^"]*"[^>]*>Open the full picture</a>')
_PASSING = (
    # Where the price list takes more than two seconds on a busy machine, the call doesn't wait for it.
    (r"\$(\d+\.\d\d) (?:estimated|reserved)\b", r"$\1 NOT YET BILLED"),
    (r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?", "DATE"),
    (r"\b\d{1,2} (?:[A-Z][a-z]+) 20\d\d(?:, \d\d:\d\d)?", "DATE"),
    (r"\b\d\d:\d\d(?::\d\d)?\b", "TIME"),
    (r" +(?=\d+ s\b)", " "),  # a column of seconds is as wide with two digits
    (r"\b\d+\s+s\b|\b\d+ min(?: \d+ s)?\b", "SECONDS"),
    (r"SECONDS gone(?: of about|, longer than the usual) SECONDS", "SECONDS GONE"),
    (r"task-[a-z0-9-]+", "TASK"),
    # An edit's identity follows the file that it is of, which one Pillow writes differently from another.
    (r'(?<=data-fox=")[0-9a-f]{64}|(?<=-)[0-9a-f]{12}(?=-t\d+-\d)', "IDENTITY"),
    (r"-[A-Za-z0-9]{22}\b|(?<=fox-sweep-)[0-9a-f]{12}|\b[cp][0-9a-f]{12}\b", "ID"),
    (r'(<progress max="\d+" value=")\d+', r"\1N"),
    (r"\((?:pending|processing), \d+ %\)", "(STATE)"),
    (r"<!--[0-9a-f]{32}-->", ""),
)
"""What differs between two runs of the same lesson: dates, times, how long it took, names that are drawn at random or
from the folder that a picture lies in."""


def run(path: Path, folder: Path, env: Mapping[str, str], *, finish: str = "pass") -> Any:
    """Execute a lesson in `folder`, which has the lessons' samples, and return it as nbclient leaves it.

    Parameters
    ----------
    path, folder, env
        The lesson, where it runs, and its kernel's environment.
    finish : str
        Code that runs after the last cell; what it shows is not the lesson's, and is returned as ``node.finish``.
    """
    node = nbformat.read(path, as_version=4)
    last = nbformat.v4.new_code_cell(finish)
    node.cells.append(last)
    client = NotebookClient(
        node,
        config=without_ports(),
        kernel_name="python3",
        timeout=240,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**env, "FOX_NB_WAIT": "1"})
    node.finish = node.cells.pop().outputs
    return node


def kept(node: Any, card: str = "") -> Any:
    """Make of an executed lesson the one that is committed: no widget, no empty output, no link into a store.

    Parameters
    ----------
    node
        The executed lesson.
    card : str
        What stands for a panel.
    """
    node = nbformat.from_dict(node)
    node.pop("finish", None)
    node.metadata.pop("widgets", None)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.metadata = nbformat.NotebookNode()
            cell.outputs = [output for each in cell.outputs if (output := _kept(each, card)) is not None]
    return node


def _kept(output: Any, card: str) -> Any:
    data = output.get("data")
    if data is None:
        return output
    output.metadata = nbformat.NotebookNode()
    if {"image/png", "image/jpeg"} <= data.keys():  # Pillow gives both, and one is enough
        del data["image/png"]
    is_widget = data.pop(_WIDGET, None) is not None
    html = data.get("text/html")
    if html is None:
        return None if is_widget else output
    if "data-fox-record" in html and "<img" not in html:  # a panel's own card: here another stands for it
        html = card
        data["text/plain"] = "A panel: run this cell to use it."
    data["text/html"] = _TO_THE_FILE.sub("", html)
    return output if html.strip() else None


_WAITED = re.compile(
    r"(>: completed in SECONDS|>\d+ tasks completed, the last in SECONDS: <bdi>[^<]*</bdi>)</p></div>$"
)
"""The line that stays of waiting; there is none where the pictures were there before the waiting began."""


@dataclass(frozen=True)
class Shown:
    """What a cell shows, as two runs of it can be compared: its words, and its pictures."""

    words: list[str]
    pictures: list[np.ndarray]


def shown(cell: Any) -> Shown:
    """What matters of a cell's outputs."""
    printed = ""
    words: list[str] = []
    pictures: list[np.ndarray] = []
    for output in cell.get("outputs", []):
        for kind, text in _contents(output):
            if kind.startswith("image/"):
                pictures.append(_small(text))
            elif output.output_type == "stream":
                printed += passing_out(text)
            elif not _WAITED.search(passing_out(text)):
                pictures += [_small(found) for found in _DATA.findall(text)]
                words.append(passing_out(_DATA.sub("PICTURE", text)))
    return Shown([printed, *words], pictures)


_IN_A_FRAME = re.compile(r'srcdoc="[^"]*"')


def count(node: Any) -> int:
    """How many pictures a lesson shows below its cells; those in a frame are the same ones once more."""
    every = [output.get("data", {}) for cell in node.cells for output in cell.get("outputs", [])]
    return sum(
        _IN_A_FRAME.sub("", data["text/html"]).count("<img")
        if "text/html" in data
        else any(kind.startswith("image/") for kind in data)
        for data in every
    )


def passing_out(text: str) -> str:
    """The text with what passes (dates, times, random names) taken out of it."""
    for pattern, name in _PASSING:
        text = re.sub(pattern, name, text)
    return text


def difference(one: Shown, other: Shown) -> str:
    """Say how two showings differ; '' when they don't. Pictures may differ as two machines' arithmetic does."""
    for mine, yours in zip(one.words, other.words, strict=False):
        if mine != yours:
            at = next(
                (n for n, (a, b) in enumerate(zip(mine, yours, strict=False)) if a != b), min(len(mine), len(yours))
            )
            return f"…{mine[max(0, at - 60) : at + 80]!r} is now …{yours[max(0, at - 60) : at + 80]!r}"
    if len(one.words) != len(other.words):
        return f"{len(one.words)} outputs are now {len(other.words)}"
    if len(one.pictures) != len(other.pictures):
        return f"{len(one.pictures)} pictures are now {len(other.pictures)}"
    for number, (mine, yours) in enumerate(zip(one.pictures, other.pictures, strict=True), start=1):
        if mine.shape != yours.shape or np.abs(mine - yours).mean() > 4:
            return f"picture {number} is another one now"
    return ""


def _contents(output: Any) -> Iterator[tuple[str, str]]:
    if "text" in output:
        yield "text/plain", output.text
    data = output.get("data", {})
    pictures = [kind for kind in data if kind.startswith("image/")]
    for kind in [kind for kind in ("text/html", *pictures, "text/plain") if kind in data][:1]:
        yield kind, data[kind]


def _small(encoded: str) -> np.ndarray:
    picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
    edge = max(picture.size)
    small = (max(1, 48 * picture.width // edge), max(1, 48 * picture.height // edge))
    return np.asarray(picture.convert("RGB").resize(small, Image.Resampling.BOX), dtype=np.float32)
