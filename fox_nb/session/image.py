"""Image: one picture of a task, on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.images.inline import size_words
from fox_nb.session.renderer import Renderer, Shows

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import numpy as np
    from PIL import Image as Pillow

    from fox_nb.store import PictureRow


class Image(Shows):
    """One picture of a task; serves wherever an image is asked for. Two are equal when their files are, byte for byte.

    Attributes
    ----------
    path : pathlib.Path
        The file in the store.
    url : str
        The gateway's link, which works for 24 hours.
    width, height : int
        Pixels.
    number : int
        Which of the task's pictures, from 1 on.
    mime : str
        What the bytes are, whatever the gateway said.
    sha256 : str
        The hash of its bytes, by which requests name it.
    """

    def __init__(self, row: PictureRow, path: Path, thumbnails: Path, renderer: Renderer) -> None:
        self.renderer = renderer
        self.path = path
        self._thumbnails = thumbnails
        self.url = row.url
        self.width = row.width
        self.height = row.height
        self.number = row.number
        self.mime = row.mime
        self.sha256 = row.sha256

    def __eq__(self, other: object) -> bool:
        return self.sha256 == other.sha256 if isinstance(other, Image) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"<Image {size_words(self.width, self.height)} {self.path.name}>"

    def __fspath__(self) -> str:
        return str(self.path)

    def pil(self) -> Pillow.Image:
        """Return the picture as a Pillow image, its pixels loaded.

        Raises
        ------
        FoxError
            Its file was deleted.
        """
        from PIL import Image as Pillow

        from fox_nb.images.saving import refuse_deleted

        refuse_deleted(self.path)
        with Pillow.open(self.path) as opened:
            opened.load()
            return opened.copy()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the picture as a file, in the format that its name says, or in a folder under its own name.

        Parameters
        ----------
        path : path
            The file, or a folder that is there.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        FoxError
            Its file was deleted, another one stands there (none is overwritten), or it cannot be written.
        """
        from fox_nb.images.saving import save_picture

        return save_picture(self.path, path)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return the pixels for NumPy: height x width x 3, 0 to 255, on white where they are transparent."""
        import numpy as np

        from fox_nb.images.pixels import on_white, plain

        if copy is False:
            raise ValueError("a picture on the disk cannot become an array without a copy")
        return np.asarray(on_white(plain(self.pil())), dtype=dtype)

    def thumbnail(self, edge: int = 512, *, max_bytes: int = 40_000) -> bytes:
        """Return a small WebP of the picture, at most `edge` pixels long and `max_bytes` large; kept in the store."""
        from fox_nb.images.thumbnail import cached_thumbnail

        return cached_thumbnail(self.path, self._thumbnails, edge, max_bytes=max_bytes)
