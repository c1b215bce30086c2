"""Arrays: NumPy's numbers as a picture, or a plain word on why they are none."""

from __future__ import annotations

from typing import Any

from PIL import Image

from fox_nb.errors import InvalidRequest

_SHAPES = "height x width, height x width x 3 or height x width x 4"
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
BYTE, WORD = 255, 65_535
_WHITES = (1, BYTE, 4095, WORD)
ROUNDING = 1e-3
_LONGEST_REASON = 200


def white_of(highest: float) -> int:
    """Return the number that is white where this is the highest: of 1 bit (a mask), 8, 12 (as cameras give) or 16.

    Those of fewer bits are often handed over in more, and would be sent, and paid for, as good as black. Those of 10
    and 14 count as 12 and 16, since nothing tells them from dark ones of these.
    """
    return next((white for white in _WHITES if highest <= white), WORD)


def is_deep(array: Any) -> bool:
    """Tell whether an array is of 16 bits, in whatever order their bytes stand."""
    return bool(array.dtype.kind == "u" and array.dtype.itemsize == 2)  # noqa: PLR2004 - bytes


def from_array(source: Any, parameter: str) -> Image.Image:
    """Turn an array into a picture.

    Parameters
    ----------
    source
        Height x width (x 1, 3 or 4): booleans, whole numbers 0 to 255, uint16 (`white_of` says what is white), or
        floats 0 to 1. Nothing but 0 and 1 is black and white.
    parameter : str
        Named in the error.

    Raises
    ------
    InvalidRequest
        Wrong shape, kind or range of numbers.
    """
    import numpy as np

    array = _numbers_of(source, parameter)

    def refuse(what: str, todo: str) -> InvalidRequest:
        return InvalidRequest(
            f"{parameter}: {what}",
            parameter=parameter,
            value=f"array {array.shape} {array.dtype}",
            allowed=_SHAPES,
            todo=todo,
        )

    if np.ma.is_masked(source):
        raise refuse("pixels of a masked array have no value.", "Give them one: array.filled(0).")
    channels = array.shape[2] if array.ndim == 3 else 1  # noqa: PLR2004 - height, width, channels
    if array.ndim not in {2, 3} or channels not in _MODES or 0 in array.shape:
        raise refuse(f"an array of shape {array.shape} is no picture; it takes {_SHAPES}.", _shape_advice(array.shape))
    if array.dtype.kind not in "buif":
        raise refuse(f"an array of {array.dtype} holds no brightness.", "Give uint8 (0 to 255) or floats (0 to 1).")
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind == "f":
        if not (np.isfinite(low) and np.isfinite(high)):
            raise refuse("the array holds NaN or infinity.", "Clean it first: numpy.nan_to_num(array).")
        if low < -ROUNDING or high > 1 + ROUNDING:
            todo = "Divide it, array / 255, or convert it: array.clip(0, 255).astype('uint8')."
            raise refuse(f"floats from {low:g} to {high:g}; 0 to 1 is meant.", todo)
        array = np.rint(array.clip(0, 1) * BYTE)
    elif low < 0 or high > (WORD if is_deep(array) else BYTE):
        raise refuse(
            f"whole numbers from {low:g} to {high:g}; 0 to 255 is meant.", "Scale it first, then array.astype('uint8')."
        )
    elif white_of(high) != BYTE:
        array = np.rint(array / (white_of(high) / BYTE))
    values = np.ascontiguousarray(array, dtype=np.uint8).reshape(array.shape[:2] if channels == 1 else array.shape)
    return Image.fromarray(values)


def _numbers_of(source: Any, parameter: str) -> Any:
    """Return an array's numbers; a tensor that is on a GPU or keeps gradients raises something of its own."""
    import numpy as np

    try:
        return np.asarray(source)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's `__array__` raises
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:_LONGEST_REASON]}"
    raise InvalidRequest(
        f"{parameter}: this {type(source).__name__} gives no numbers ({reason}).",
        parameter=parameter,
        allowed=_SHAPES,
        todo="Of a tensor, give tensor.detach().cpu().numpy().",
    )


def _shape_advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 4 and shape[0] == 1:  # noqa: PLR2004 - a batch
        return "It is a batch of one: give array[0]."
    if len(shape) == 4:  # noqa: PLR2004 - a batch
        return "It is a batch: give its pictures one by one."
    if len(shape) == 3 and shape[0] in {1, 3, 4}:  # noqa: PLR2004 - channels first
        return "The channels stand first: numpy.moveaxis(array, 0, -1)."
    return "Give one picture as an array of uint8 (0 to 255) or floats (0 to 1)."
