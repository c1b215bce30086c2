"""`make lessons`: runs the lessons, each on a sandbox of its own, and stores their outputs, where these say something new.

python tests/lessons [NUMBER …]      all of them, or those that are named (02 07); then the README's picture
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).parents[1]))

from lessons import outputs
from lessons.picture import take_picture


def main(numbers: list[str]) -> int:
    """Store what is new; returns how many lessons failed."""
    failed = 0
    for path in [*outputs.LESSONS, outputs.STUDIO]:
        if not numbers or path.name[:2] in numbers or path.stem in numbers:
            with _own_sandbox() as (folder, env):  # what another one has paid would stand on its bill
                failed += not _store(path, folder, env)
    if not numbers or "picture" in numbers:
        with _own_sandbox() as (folder, _):
            _say(take_picture(folder))
    return failed


def _store(path: Path, folder: Path, env: dict[str, str]) -> bool:
    began = time.monotonic()
    place = folder / path.stem
    shutil.copytree(path.parent / "samples", place / "samples")
    card = outputs.CARD.format(prompt=outputs.PANEL_PROMPT)
    node = outputs.run(path, place, env, finish=card)
    errors = [output for cell in node.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
    made = outputs.kept(node, node.finish[-1].data["text/html"])
    took = f"{time.monotonic() - began:.0f} s"
    if errors:
        _say(f"{path.name}: wrote to stderr, not stored: {errors[0].text[:500]}")
        return False
    before = nbformat.read(path, as_version=4)
    if _same(before, made):
        _say(f"{path.name}: nothing new ({took})")
        return True
    nbformat.write(made, path)
    _say(f"{path.name}: {path.stat().st_size / 1000:.0f} kB ({took})")
    return True


def _say(text: str) -> None:
    print(text, flush=True)


def _same(before: nbformat.NotebookNode, after: nbformat.NotebookNode) -> bool:
    pairs = list(zip(before.cells, after.cells, strict=True))
    return all(
        one.source == other.source and not outputs.difference(outputs.shown(one), outputs.shown(other))
        for one, other in pairs
    )


@contextlib.contextmanager
def _own_sandbox() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder, and the environment of somebody without a key in it; the sandbox that starts there ends with the block."""
    from fox_nb.sandbox import process

    with tempfile.TemporaryDirectory(prefix="fox_nb-lessons-") as name:
        folder = Path(name)
        os.environ["FOX_NB_SANDBOX_DIR"] = str(folder / "sandbox")
        env = {name: value for name, value in os.environ.items() if not name.startswith("FOXAPI_")}
        env["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        try:
            yield folder, env
        finally:
            process.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
