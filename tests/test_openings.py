"""Openings: many processes open or make the same new file at the same moment, and each finds it whole."""

import contextlib
from pathlib import Path

import pytest
from PIL import Image

import openings
from artifacts import Places
from fox_nb.atomic import ASIDE
from processes import Child, clean_environment

WIDTH = 4
EXPECTED = {"sandbox": {"held", "in use"}, "address": {"whole"}}
"""What the openers of one file may say; where nothing stands here, all say the same, whatever it is."""


@pytest.mark.parametrize("kind", openings.OPENERS)
def test_whoever_opens_a_new_file_gets_it(kind: str, tmp_path: Path, artifacts: Places) -> None:
    """Forty openings by four processes at once: each gets the one file, whole, and nothing half-made is left."""
    opened_together(kind, 40, tmp_path, artifacts)


@pytest.mark.long
@pytest.mark.parametrize("kind", openings.OPENERS)
def test_whoever_opens_a_new_file_gets_it_however_often(kind: str, tmp_path: Path, artifacts: Places) -> None:
    """Two thousand openings: each gets the one file, whole, and nothing half-made is left."""
    opened_together(kind, 2000, tmp_path, artifacts)


def opened_together(kind: str, number: int, folder: Path, artifacts: Places) -> None:
    Image.linear_gradient("L").resize((600, 400)).save(folder / openings.PICTURE)
    script = [str(Path(openings.__file__)), kind]
    with contextlib.ExitStack() as stack:
        openers = [stack.enter_context(Child(*script, env=clean_environment(artifacts))) for _ in range(WIDTH)]
        for count in range(number // WIDTH):
            place = folder / str(count)
            place.mkdir()
            (place / openings.PICTURE).hardlink_to(folder / openings.PICTURE)
            for opener in openers:
                opener.tell(str(place))
            said = {opener.line(f"the end of opening {count}") for opener in openers}
            assert said <= EXPECTED[kind] if kind in EXPECTED else len(said) == 1, (count, said)
            assert kind != "sandbox" or "held" in said
            assert not list(place.rglob(f"{ASIDE}*"))
