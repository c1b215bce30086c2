"""Experiment methods: sweeps, batches and plans as a Fox's methods; any pictures side by side, with or without one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from fox_nb.model_methods import refusing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from fox_nb.experiments import Batch, Pictures, Sweep
    from fox_nb.experiments.experiment import Experiment
    from fox_nb.session import Session

_OF_A_RUN = ("at_once", "per_second", "ask_above", "executor")


class ExperimentMethods(ABC):
    """What can be planned and laid side by side; `Fox` is one."""

    @property
    @abstractmethod
    def session(self) -> Session:
        """What journals, sends, polls and downloads."""

    @refusing
    def compare(
        self,
        pictures: Any,
        *,
        labels: Any = None,
        original: Any = None,
        title: str = "",
        executor: Executor | None = None,
    ) -> Pictures:
        """Lay any pictures side by side, of any models and sizes, with what this folder keeps; see `fox_nb.compare`."""
        from fox_nb.experiments.side_by_side import compare

        return compare(
            pictures,
            labels=labels,
            original=original,
            title=title,
            session=self.session,
            executor=executor,
            show=_show_pictures,
        )

    def compare_enhance(
        self,
        image: Any,
        creativity: Any = (0.0, 0.5, 1.0),
        resemblance: Any = (0.2, 0.8),
        resolution: str = "1K",
        takes: int = 1,
        **options: Any,
    ) -> Sweep:
        """Plan enhancements of one picture side by side; see what they cost, then ``.run()``.

        Parameters
        ----------
        image
            The picture, in any form that `enhance` takes.
        creativity
            Values from 0 to 1 as a list, a NumPy range or a text such as ``"0..1 step 0.25"``.
        resemblance
            In the same forms.
        resolution : str
            ``1K`` or ``4K``.
        takes : int
            Pictures from each setting: one cannot tell a setting's effect from chance.
        **options
            ``profile_ids``; ``at_once`` (4), ``per_second`` (2) and ``ask_above`` (5 USD) of the run.

        Returns
        -------
        Sweep
            A plan: in a cell it shows its cost and a Run button.
        """
        levels = {"creativity": creativity, "resemblance": resemblance}
        return self.sweep(
            "phota-image-enhance", takes=takes, image_url=image, **levels, resolution=resolution, **options
        )

    def sweep(
        self, model: str | Sequence[str], *, takes: int = 1, take: int = 1, original: Any = None, **parameters: Any
    ) -> Sweep:
        """Plan pictures with any number of parameters varied; see what they cost, then ``.run()``.

        Parameters
        ----------
        model : str or list of str
            The gateway's name of the model; a list of them varies it, too.
        takes : int
            Pictures from each setting.
        take : int
            The first of them: ``take=2`` makes the whole sweep anew.
        original
            What the pictures are measured against; by default the picture that the model is given.
        **parameters
            The model's parameters; those that are lists vary. A prompt may have words in braces,
            ``"a {animal} in {place}"``, which are given beside it, ``animal=["fox", "owl"]``; ``{model}`` is the
            model's name. What one of the models can't make is shown as impossible and costs nothing. ``at_once``,
            ``per_second``, ``ask_above`` and ``executor`` are of the run.

        Returns
        -------
        Sweep
            A plan: in a cell it shows its cost and a Run button.

        Raises
        ------
        InvalidRequest
            A value is one that none of the models takes; nothing was sent.
        """
        from fox_nb.experiments import Sweep
        from fox_nb.experiments.template import refuse_as_words

        of_the_run = {name: parameters.pop(name) for name in _OF_A_RUN if name in parameters}
        given = {"takes": takes, "take": take, "original": original, **of_the_run}
        refuse_as_words(parameters.get("prompt"), given)
        return Sweep(self.session, model, parameters, **given, show=_show_sweep, show_pictures=_show_pictures)

    @refusing
    def batch(
        self,
        table: Any,
        model: str | None = None,
        *,
        at_once: int = 4,
        per_second: float = 2.0,
        ask_above: float | None = None,
    ) -> Batch:
        """Plan the rows of a table, each a request; see what they cost, then ``.run()``.

        Parameters
        ----------
        table
            A data frame (pandas, polars and others), a list of dicts, or the path of a CSV, TSV, JSON lines or Parquet
            file. Columns that are parameters are sent, ``model`` and ``take`` among them; others are carried along.
            What is empty is left out.
        model : str, optional
            The model of the rows that name none.
        at_once : int
            Tasks in progress at the gateway at a time.
        per_second : float
            Creations a second at the most.
        ask_above : float, optional
            USD above which `run` asks once more; 5 without it.

        Returns
        -------
        Batch
            A plan: in a cell it shows its cost and a Run button. Equal rows are one picture, unless they say ``take``.

        Raises
        ------
        InvalidRequest
            All that is wrong with any of the rows, as a table; nothing was sent.
        """
        from fox_nb.experiments import Batch

        return Batch(
            self.session,
            table,
            model,
            at_once=at_once,
            per_second=per_second,
            show=_show_sweep,
            show_pictures=_show_pictures,
            ask_above=ask_above,
        )

    def load_plan(self, path: str | Path, *, pictures: str | Path | None = None, **changes: Any) -> Sweep | Batch:
        """Plan again what ``to_json`` has written: run it again, extend it, or ask another model.

        Parameters
        ----------
        path : str or Path
            The file.
        pictures : str or Path, optional
            A folder in which, and in whose folders, the files of pictures are looked for that this store lacks.
        **changes
            What is to be other than in the file: parameters, ``model``, ``take``, and of a sweep ``takes`` and
            ``original``. Of a batch they hold for every row. ``at_once``, ``per_second``, ``ask_above`` and
            ``executor`` are of the run, and in no file. None takes a parameter out.

        Returns
        -------
        Sweep or Batch
            A plan: what the same store has paid for already is known.

        Raises
        ------
        InvalidRequest
            It is no plan, names a picture that this store does not have, or asks for what cannot be; nothing was sent.
        """
        from fox_nb.experiments import Batch, Sweep
        from fox_nb.experiments.plan_file import check_pictures, read_plan

        words = read_plan(path)
        options = {name: changes.pop(name) for name in _OF_A_RUN if name in changes}
        check_pictures(self.session, words, replaced=changes, folder=pictures)
        kind = Sweep if words["kind"] == "sweep" else Batch
        return kind.from_words(self.session, words, changes, show=_show_sweep, show_pictures=_show_pictures, **options)


@refusing
def compare(
    pictures: Any,
    *,
    labels: Any = None,
    original: Any = None,
    title: str = "",
    executor: Executor | None = None,
) -> Pictures:
    """Lay any pictures side by side: linked zoom, a divider, differences, numbers; needs no gateway, key or folder.

    Pictures of different sizes and shapes are fitted into the same frame, in the middle; pixels are compared where the
    shapes are the same.

    Parameters
    ----------
    pictures
        A list, a dict by label, lists in a list (rows of columns) or in a dict, or a data frame whose columns hold
        pictures. A picture is a task, a picture of one, a path, a PIL image, an array, bytes or a link; None leaves a
        place empty. Tasks that are in progress are waited for.
    labels : sequence of str, or a pair of them, optional
        What each picture is called; of rows and columns a pair: the rows' labels, the columns' labels. Of a data frame
        the name of the column that names its rows.
    original
        What the others are compared with: a picture, or one of the labels. One that is among the pictures isn't added
        once more. By default the picture that all tasks were made from, if there is one.
    title : str
        What stands above.
    executor : concurrent.futures.Executor, optional
        What measures and cuts the pictures, such as processes; threads of this kernel without one.

    Returns
    -------
    Pictures
        In a cell it shows the viewer; `to_frame`, `save_html`, `save_image` and `plot` take it away.

    Raises
    ------
    InvalidRequest
        There is no picture, or something stands for none.
    """
    from fox_nb.experiments.side_by_side import compare as lay_out

    return lay_out(pictures, labels=labels, original=original, title=title, executor=executor, show=_show_pictures)


def _show_pictures(pictures: Pictures) -> Any:
    from fox_nb.panels import building

    with building():
        from fox_nb.panels.pictures_view import show

        return show(pictures)


def _show_sweep(sweep: Experiment) -> Any:
    from fox_nb.panels import building

    with building():
        from fox_nb.panels.sweep_view import show

        return show(sweep)
