"""Uploads: what stands for a picture in a request: hashed for its identity, kept, uploaded when the task is sent."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fox_nb.atomic import aside
from fox_nb.errors import NOTHING_SENT, StoreError
from fox_nb.images.sources import listed
from fox_nb.models import LOCAL_PICTURE, file_names, is_link, pictures_given, request_class
from fox_nb.parameters import Parameter, parameters
from fox_nb.session.image import Image
from fox_nb.settings import named
from fox_nb.store import Source, Store, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fox_nb.client import Client
    from fox_nb.images.prepare import Prepared


_WRITTEN = "-px"
"""Ends the name of a copy whose bytes were written here; without it they are as they were given."""


class Uploads:
    """The local files of one store at one gateway."""

    def __init__(self, store: Store, client: Client, gateway: str, account: str, now: Callable[[], float]) -> None:
        self._store = store
        self._client = client
        self._gateway = gateway
        self._account = account
        self._now = now
        self._one_upload_at_a_time = threading.Lock()

    def name(self, model: str, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Prepared]]:
        """Replace every local picture by its name, ``sha256:…``; one picture stands for a list of one.

        Returns
        -------
        values, prepared
            What the request class takes, and the pictures behind the new names.
        """
        replaced, prepared = dict(values), {}
        for parameter in parameters(request_class(model)):
            value, archive = replaced.get(parameter.name), parameter.hint.kind == "archive"
            # by the request class, in the words of the person
            is_refused = isinstance(value, list) and not (parameter.many or archive)
            if not parameter.hint.is_file or value is None or is_refused:
                continue
            names = []
            for item in _several(value) if parameter.many else [value]:
                got = self.one(item, parameter.name, archive=archive)
                if not isinstance(got, str):
                    prepared[got.sha256] = got
                    got = f"sha256:{got.sha256}"
                names.append(got)
            replaced[parameter.name] = names if parameter.many else names[0]
        return replaced, prepared

    def ready(self, model: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values with every local picture checked and hashed once, however often it is asked with."""

        def made(value: Any, parameter: Parameter) -> Any:
            items = listed(value)
            if items is not None:  # lists of pictures in a list are several values of one parameter
                nested = parameter.many and any(isinstance(item, (list, tuple)) for item in items)
                return [made(item, parameter) for item in (items if nested else _each(items))]
            is_archive = parameter.hint.kind == "archive"
            return None if value is None else self.one(value, parameter.name, archive=is_archive)

        known = {parameter.name: parameter for parameter in parameters(request_class(model))}
        return {
            name: made(value, known[name]) if name in known and known[name].hint.is_file else value
            for name, value in values.items()
        }

    def one(self, item: Any, parameter: str, *, archive: bool = False) -> Prepared | str:
        """Return one picture checked and hashed; a link, or the name of a picture of the store, as it is."""
        if is_link(item) or (isinstance(item, str) and LOCAL_PICTURE.fullmatch(item)):
            return item  # the request class looks at links; no need to load the imaging libraries for one
        if isinstance(item, Image) and not item.path.exists():
            return f"sha256:{item.sha256}"  # deleted since; what was made of it is in the journal under that name
        from fox_nb.images.prepare import Prepared, prepare, prepare_archive

        if isinstance(item, Prepared):
            return item
        return prepare_archive(item, parameter=parameter) if archive else prepare(item, parameter=parameter)

    def keep(self, prepared: Mapping[str, Prepared]) -> None:
        """Copy into the store what a request names, so that it can be sent again a year later."""
        for sha256, picture in prepared.items():
            known = self._store.catalog.source(sha256)
            if known is not None and _is_written(known.file) and self._store.path(known.file).exists():
                continue
            origin = str(picture.path) if picture.path is not None else ""
            if not _is_text(origin):
                origin = ""  # a name in another system's encoding: the copy in the store stands for it
            mime = picture.facts.mime if picture.facts is not None else "application/zip"
            self._replace(known, Source(sha256, self._kept(picture), origin, mime))

    def _kept(self, picture: Prepared) -> str:
        """Write what is uploaded; a training's archive lies there already."""
        file = written_name(picture.sha256, Path(picture.file_name).suffix)
        if picture.path is not None and picture.path == self._store.folder / file:
            return file
        with copying(self._store.sources) as part:
            part.write_bytes(picture.bytes_for_upload())
            put(part, self._store.path(file))
        return file

    def links(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the body with links in place of ``sha256:…``, uploading what has no living link.

        Returns
        -------
        body, remembered
            The second names the hashes whose links are from an earlier upload.
        """
        remembered: list[str] = []

        def link(value: Any) -> Any:
            if isinstance(value, list):
                return [link(item) for item in value]
            if isinstance(value, str) and LOCAL_PICTURE.fullmatch(value):
                url, is_new = self._link(value.removeprefix("sha256:"))
                if not is_new:
                    remembered.append(value.removeprefix("sha256:"))
                return url
            return value

        names = file_names(request_class(body["model"]))
        linked = {name: link(value) if name in names else value for name, value in body.items()}
        return linked, remembered

    def _link(self, sha256: str) -> tuple[str, bool]:
        catalog = self._store.catalog
        with self._one_upload_at_a_time:
            url = catalog.upload(self._gateway, self._account, sha256, self._now())
            if url is not None:
                return url, False
            source = catalog.source(sha256)
            path = self._store.path(source.file) if source is not None else None
            if path is None or not path.exists():
                raise StoreError(
                    f"The picture sha256:{sha256[:12]}… that this request names is no longer in the folder.",
                    money=NOTHING_SENT,
                    todo="Hand over the picture itself again.",
                )
            if source is not None and not _is_written(source.file):
                path = self._written(source, path)
            upload = self._client.upload_file(path, file_name=path.name)
            catalog.remember_upload(self._gateway, self._account, sha256, upload.url, self._now())
            return upload.url, True

    def _written(self, source: Source, path: Path) -> Path:
        """Write the pixels of a copy that version 0.1 kept as it was given, and return the new one's path."""
        from fox_nb.images.prepare import prepare, prepare_archive

        data = path.read_bytes()
        picture = prepare_archive(data) if source.mime == "application/zip" else prepare(data)
        file = self._kept(dataclasses.replace(cast("Prepared", picture), sha256=source.sha256))
        self._replace(source, source._replace(file=file))
        return self._store.path(file)

    def _replace(self, known: Source | None, source: Source) -> None:
        """Remember a copy in place of an older one, which is removed: nobody would know of the faces in it."""
        self._store.catalog.add_source(source)
        if known is not None and known.file != source.file and known.file.startswith("sources/"):
            self._store.path(known.file).unlink(missing_ok=True)

    def forget(self, hashes: list[str]) -> None:
        """Forget links that the gateway no longer follows."""
        for sha256 in hashes:
            self._store.catalog.forget_upload(self._gateway, self._account, sha256)

    def files(self, body: Mapping[str, Any]) -> list[Path]:
        """Return the files of the local pictures that a body names, as far as they are there."""
        local = [item.removeprefix("sha256:") for item in pictures_given(body) if LOCAL_PICTURE.fullmatch(item)]
        kept = [self._store.catalog.source(sha256) for sha256 in local]
        paths = [self._store.path(source.file) for source in kept if source is not None]
        return [path for path in paths if path.exists()]

    def origins(self, body: Mapping[str, Any]) -> dict[str, str]:
        """Return where the local files of a body were taken from: ``sha256:…`` to a path in this store or outside."""
        found = {}
        for value in body.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str) and LOCAL_PICTURE.fullmatch(item):
                    source = self._store.catalog.source(item.removeprefix("sha256:"))
                    if source is not None:
                        path = source.origin or str(self._store.path(source.file))
                        found[item] = named(path)
        return found


def _is_text(name: str) -> bool:
    """Return False for a file name that isn't UTF-8, such as old ZIPs bring: the journal holds text alone."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextlib.contextmanager
def copying(folder: Path) -> Iterator[Path]:
    """Give a place for the copy of what is to be sent; a full disk is told before anything is."""
    try:
        with aside(folder, private=True) as part:
            yield part
    except OSError as error:
        raise StoreError(
            f"What is to be sent could not be copied into the folder ({error.strerror or error}).",
            money=NOTHING_SENT,
            todo="Check the free space and the folder's rights, then try again.",
        ) from error


def written_name(sha256: str, suffix: str) -> str:
    """Return where the file is kept that is uploaded for a picture or an archive: pixels, written anew."""
    return f"sources/{sha256[:16]}{_WRITTEN}{suffix}"


def _is_written(file: str) -> bool:
    return Path(file).stem.endswith(_WRITTEN)


def _several(value: Any) -> list[Any]:
    """Return the single pictures of whatever stands for one or several."""
    items = listed(value)
    return [value] if items is None else _each(items)


def _each(items: list[Any]) -> list[Any]:
    return [one for item in items for one in (listed(item) or [item])]
