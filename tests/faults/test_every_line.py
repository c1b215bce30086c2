"""A kernel may die at any line of session, store and client; the next one pays nothing again and loses nothing."""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from artifacts import MARKED_KEY, Places
from counts import Count
from fox_nb.images.check import DOWNLOADED, check
from fox_nb.store import Store
from processes import clean_environment

SCRIPT = Path(__file__).with_name("crashing.py")
DOWNLOADS = "session/downloads.py"
PARTS = {"": 3000, DOWNLOADS: 1200}
"""So many lines are counted from the call on, and from the first line of the downloads on, however many polls lay between:
more than a picture takes from there to the end, so that a kernel of the last line lives on."""


def die(places: Places, sandbox: Any, lines: list[tuple[str, int]]) -> tuple[list[dict[str, Any]], Path]:
    """Let a kernel die at each of these lines; where each died and what the next one found, and the store."""
    folder = places.fresh("every-line")
    photo = folder / "photo.png"
    Image.new("RGB", (64, 64), "orange").save(photo)
    plan = folder / "plan.json"
    store = folder / "fox_runs"
    plan.write_text(
        json.dumps({"base_url": sandbox.base_url, "store": str(store), "photo": str(photo), "lines": lines})
    )
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(plan)],
        env=clean_environment(places, {"FOXAPI_KEY": MARKED_KEY}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=1700,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], store


def judge(places: Places, sandbox: Any, lines: list[tuple[str, int]], count: Count) -> None:
    """One creation each; the pictures whole; unknown only what was being sent."""
    deaths, folder = die(places, sandbox, [*lines, (DOWNLOADS, PARTS[DOWNLOADS])])
    assert not deaths[-1]["where"], "a picture takes more lines than PARTS says: the last ones are not tried"
    made = Counter(one["body"]["prompt"] for one in sandbox.creations if one["task_id"])
    assert all(count == 1 for count in made.values()), made
    store = Store(folder)
    rows = {row.body["prompt"]: row for row in store.journal.tasks("sandbox")}
    for death in deaths:
        row = rows[death["prompt"]]
        assert row.state == death["found"], death
        if row.state == "completed":
            check(store.path(row.pictures[0].file), bounds=DOWNLOADED)
            assert made[row.body["prompt"]] == 1
        else:
            assert row.state == "unknown", death
            # The line may be another thread's, but while one of these runs nothing is being sent.
            assert not death["where"].startswith((DOWNLOADS, "session/uploads.py")), death
    store.close()
    found = Counter(death["found"] for death in deaths)
    died = sum(bool(death["where"]) for death in deaths)
    lost = sum(death["found"] == "unknown" and not made[death["prompt"]] for death in deaths)
    which = f"from line {lines[0][1]} on"
    count(
        "kernels that die", which, died=died, made=made.total(), most_for_one=max(made.values()), **found, not_made=lost
    )
    assert died > len(lines) / 2
    assert any(death["where"].startswith(DOWNLOADS) for death in deaths)
    assert found["completed"] > found["unknown"]


@pytest.mark.timeout(1800)  # kernels die one after another: beside other work that is minutes
def test_dying_at_any_line(artifacts: Places, sandbox: Any, count: Count) -> None:
    """The first line of the call and of the download, and five of each drawn by chance; the long form tries every fifth."""
    chance = random.Random(3)
    judge(
        artifacts,
        sandbox,
        [(part, line) for part, most in PARTS.items() for line in (1, *sorted(chance.sample(range(2, most), 5)))],
        count,
    )


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", [1, 6, 11, 16])
def test_dying_at_every_fifth_line(artifacts: Places, sandbox: Any, count: Count, first: int) -> None:
    """Every fifth line from the first to the last, in four parts that the workers share."""
    judge(artifacts, sandbox, [(part, line) for part, most in PARTS.items() for line in range(first, most, 20)], count)
