"""Display: how a session's things show themselves in a notebook; nothing below knows of HTML or IPython's places."""

from fox_nb.display.notebook import Notebook

__all__ = ["Notebook"]
