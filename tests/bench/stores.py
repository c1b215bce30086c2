"""Stores: journals and pictures as months of work would leave them, written in seconds."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fox_nb import Fox
from fox_nb.store import identity_of, request_hash, sha256_of

_TASK = (
    "INSERT INTO task (identity, gateway, account, model, request, request_hash, take, state, owner, asked, sent, accepted, "
    "finished, task_id, progress, estimate) VALUES (?, ?, ?, ?, ?, ?, ?, 'completed', '[]', ?, ?, ?, ?, ?, 100, 45)"
)
_CHARGE = (
    "INSERT INTO charge (identity, gateway, account, micro, estimate, state, at) VALUES (?, ?, ?, 90000, 1, 'kept', ?)"
)
_PICTURE = (
    "INSERT INTO picture (identity, number, file, sha256, url, mime, width, height, bytes) "
    "VALUES (?, 1, ?, ?, 'https://cdn.example/out.png', 'image/png', ?, ?, ?)"
)


def fill(fox: Fox, count: int) -> str:
    """Journal so many completed tasks of several models; return the identity of one in the middle."""
    rng = random.Random(1)
    models = ["phota-image"] * 6 + ["grok-imagine-image"] * 3
    asked = (
        (rng.choice(models), {"prompt": f"a fox, number {number}, in the snow, soft light, 35 mm"}, 1)
        for number in range(count)
    )
    identities = _written(
        fox, asked, lambda number: (f"pictures/{number}.png", f"{number:064x}", 1024, 1024, 1_400_000)
    )
    return identities[count // 2]


def results(fox: Fox, model: str, cells: Iterable[dict[str, Any]], takes: int, originals: list[Path]) -> int:
    """Journal a completed task for each cell and take, its picture a copy of one of `originals`; return how many."""
    asked = [(model, cell, take) for cell in cells for take in range(1, takes + 1)]
    sizes = [Image.open(path).size for path in originals]
    digests = [sha256_of(path) for path in originals]

    def picture(number: int) -> tuple[str, str, int, int, int]:
        which = number % len(originals)
        file = f"pictures/result-{number}.png"
        os.link(originals[which], fox.store.folder / file)
        return file, digests[which], *sizes[which], originals[which].stat().st_size

    return len(_written(fox, asked, picture))


def _written(fox: Fox, asked: Iterable[tuple[str, dict[str, Any], int]], picture: Any) -> list[str]:
    session, identities = fox.session, []
    gateway, account = session.gateway.name, session.account
    with fox.store.journal.writing() as connection:
        for number, (model, values, take) in enumerate(asked):
            request = session.validated(model, values)[0].canonical()
            identity = identity_of(gateway, request, take)
            at = time.time() - 60 * (30_000 - number)
            connection.execute(
                _TASK,
                (
                    identity,
                    gateway,
                    account,
                    model,
                    request,
                    request_hash(request),
                    take,
                    at,
                    at,
                    at + 1,
                    at + 45,
                    f"{number}",
                ),
            )
            connection.execute(_CHARGE, (identity, gateway, account, at))
            connection.execute(_PICTURE, (identity, *picture(number)))
            identities.append(identity)
    return identities


def photographs(folder: Path, count: int, side: int) -> list[Path]:
    """PNGs with a photograph's grain: about 20 MB each at 4096 pixels."""
    paths = []
    for number in range(count):
        rng = np.random.default_rng(number)
        coarse = Image.fromarray(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        grain = rng.integers(-4, 5, (side, side, 1), dtype=np.int16)
        pixels = np.clip(np.asarray(coarse, dtype=np.int16) + grain, 0, 255).astype(np.uint8)
        paths.append(folder / f"photograph-{number}.png")
        Image.fromarray(pixels).save(paths[-1], compress_level=1)
    return paths
