"""The floors: every import of fox_nb, lazy and TYPE_CHECKING ones too, goes down; and some packages have one door only."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "fox_nb"

FLOORS = (
    {"__main__"},
    {"cli"},
    {"lessons", "doctor", "scan", "classroom"},  # what the commands do
    {"__init__"},  # the face: a table of contents
    {"magics"},
    {"fox"},
    {"experiment_methods"},
    {"model_methods"},
    {"panels"},
    {"experiments"},
    {"display"},
    {"session"},
    {"render", "local", "key_patterns"},
    {"client", "store", "images"},
    {"models", "tasks", "settings", "sharing", "workdir"},
    {"parameters", "nesting"},
    {"errors", "keys", "money"},
    {"atomic", "filetypes"},  # the ground that the sandbox stands on, too
)
HEIGHT = {part: -depth for depth, parts in enumerate(FLOORS) for part in parts}

SANDBOX_DOORS = {"cli", "doctor", "lessons", "fox", "local"}
"""Who may know of the tower beside the floors; the tower itself knows nobody, and stands on the same ground."""

GROUND = {"atomic", "filetypes"}
"""How files are made, and what kind they are: nothing of the gateway."""

ONE_DOOR = {
    "requests": {"client"},
    "urllib3": {"client"},
    "ipywidgets": {"panels", "display"},
    "anywidget": {"panels"},
    "ipyplot": {"render"},
    "sqlite3": {"atomic", "store"},
    "tornado": {"sandbox", "classroom"},
    "sqlalchemy": {"classroom"},
    "jupyterhub": {"classroom"},
}
"""Packages that only one part imports. Of the sandbox's own choices (its pictures, its files) only tornado is listed."""

OF_THE_TOWER = {"sqlite3"}
"""Packages with one door among the floors, which the sandbox may use as well."""

ONE_FILE = {"nest_asyncio", "nest_asyncio2"}
"""Packages that patch the whole process: one file imports them, so that one place decides when."""


class Import(NamedTuple):
    """One name that a file imports, and the line where it does."""

    name: str
    line: int


def imports_of(path: Path, package: Path, *, tables: bool = True) -> Iterator[Import]:
    """Every module that the file names: in import statements anywhere, to import_module, and in `tables` of lazy names."""
    module = path.relative_to(package.parent).with_suffix("")
    around = module.parts[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (Import(alias.name, node.lineno) for alias in node.names)
            case ast.ImportFrom():
                base = _absolute(node.module or "", node.level, around)
                yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[argument, *_]) if called in {
                "import_module",
                "__import__",
            }:
                if name := _literal(argument):
                    level = len(name) - len(name.lstrip("."))
                    yield Import(_absolute(name[level:], level, around), node.lineno)
            case ast.Constant(value=str(text)) if tables and re.fullmatch(r"fox_nb(\.\w+)+", text):
                yield Import(text, node.lineno)


def _absolute(name: str, level: int, around: tuple[str, ...]) -> str:
    if not level:
        return name
    return ".".join(filter(None, [*around[: len(around) - level + 1], name]))


def _literal(argument: ast.expr) -> str | None:
    """The module that an argument names, or as much of it as stands there: ``f"skimage.{part}"`` is skimage."""
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return None


def part_of(path: Path, package: Path) -> str:
    return path.relative_to(package).parts[0].removesuffix(".py")


def part_named(name: str, lazy: dict[str, str]) -> str | None:
    """The part of fox_nb that an imported name belongs to; None for other packages and for the version."""
    words = name.split(".")
    if words[0] != "fox_nb" or words[1:] == ["__version__"]:
        return None
    if len(words) == 1:
        return "__init__"
    if words[1] in lazy:  # `from fox_nb import Fox` is an import of fox_nb.fox
        return part_named(lazy[words[1]], {})
    return words[1] if words[1] in {*HEIGHT, "sandbox"} else "__init__"


def lazy_names(package: Path) -> dict[str, str]:
    """What the package's face loads when it is first used: name and module."""
    face = package / "__init__.py"
    for node in ast.walk(ast.parse(face.read_text(encoding="utf-8"))) if face.exists() else ():
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == "_LAZY":
                table: dict[str, str] = ast.literal_eval(node.value)
                return table
    return {}


def violations(package: Path) -> list[str]:
    """Every import in the package that the floors forbid, as a line that says where and why."""
    lazy = lazy_names(package)
    found = []
    only: dict[str, set[str]] = {name: set() for name in ONE_FILE}
    for path in sorted(package.rglob("*.py")):
        here = part_of(path, package)
        place = path.relative_to(package.parent).as_posix()
        if here not in {*HEIGHT, "sandbox"}:
            found.append(f"{place}: {here} stands on no floor")
            continue
        for name, line in dict.fromkeys(imports_of(path, package)):
            root = name.split(".", maxsplit=1)[0]
            if root in only:
                only[root].add(place)
            if (why := _why_not(here, name, lazy)) is not None:
                found.append(f"{place}:{line}: {why}")
    found += [f"{name} is imported by {sorted(files)}: one file may" for name, files in only.items() if len(files) > 1]
    return found


def _why_not(here: str, name: str, lazy: dict[str, str]) -> str | None:
    root = name.split(".", maxsplit=1)[0]
    there = part_named(name, lazy)
    if there is None:
        doors = ONE_DOOR.get(root, {here}) | ({"sandbox"} if root in OF_THE_TOWER else set())
        return None if here in doors else f"{root} is for {sorted(doors)}, not for {here}"
    if there == here:
        return None
    if here == "sandbox":
        return (
            None
            if there in GROUND
            else f"the sandbox imports {name}: it knows the gateway by its OpenAPI document alone"
        )
    if there == "sandbox":
        return (
            None if here in SANDBOX_DOORS else f"{here} imports {name}: only {sorted(SANDBOX_DOORS)} know the sandbox"
        )
    if HEIGHT[there] >= HEIGHT[here]:
        return f"{here} imports {name}: {there} is not below it"
    return None


def test_every_import_goes_down() -> None:
    """No file of the package imports from its own height or above, or a package that is another part's business."""
    found = violations(PACKAGE)
    assert not found, "\n".join(found)


def circles(package: Path) -> list[str]:
    """The files that import each other in a circle, late imports and those for type checkers counted; [] where there is none."""
    files = {".".join(path.relative_to(package.parent).with_suffix("").parts): path for path in package.rglob("*.py")}
    files = {name.removesuffix(".__init__"): path for name, path in files.items()}
    below = {
        here: {
            there
            for name, _ in imports_of(path, package, tables=False)
            if (there := name if name in files else name.rpartition(".")[0]) in files and there != here
        }
        for here, path in files.items()
    }
    del below[package.name]  # the face names what people use, and loads it when they do
    try:
        TopologicalSorter(below).prepare()
    except CycleError as circle:
        return list(circle.args[1])
    return []


def test_no_file_imports_what_imports_it() -> None:
    """There is no circle of files, however late an import is made, and whatever for."""
    assert circles(PACKAGE) == []


def test_no_file_name_is_used_twice() -> None:
    """A file's name says its part of the house: no two files of the package have the same one."""
    names = Counter(path.name for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    assert [name for name, times in names.items() if times > 1] == []


def test_a_circle_of_files_is_found(tmp_path: Path) -> None:
    """Also where one of its imports is for type checkers alone, and another one is made in a function."""
    late = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fox_nb.store.rows import Row"
    planted = {
        "__init__.py": "",
        "store/__init__.py": "",
        "store/files.py": late,
        "store/rows.py": "def f():\n    from .files import put",
    }
    assert set(circles(_planted(tmp_path, planted))) == {"fox_nb.store.files", "fox_nb.store.rows"}


def test_files_come_to_be_in_one_place() -> None:
    """Only the ground renames a file to its place and opens a database; whoever makes a file that others see uses that."""
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _makes_a_file(node) and part_of(path, PACKAGE) != "atomic"
    ]
    assert found == []


def _makes_a_file(call: ast.Call) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="replace" | "rename" | "link")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="sqlite3"), attr="connect")):
            return True
        case ast.Call(func=ast.Attribute(attr="mkstemp" | "NamedTemporaryFile")):
            return True
        case ast.Call(
            func=ast.Attribute(attr="replace" | "rename"), args=[_], keywords=[]
        ):  # of a path: a text's has two
            return True
    return False


def test_the_face_loads_the_errors_alone() -> None:
    """`import fox_nb` runs no module of the package but the errors; the rest is loaded when it is used."""
    face = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    at_once = {node.module for node in face.body if isinstance(node, ast.ImportFrom)}
    assert {name for name in at_once if name and name.startswith("fox_nb")} == {"fox_nb.errors"}


@pytest.mark.parametrize(
    ("file", "code", "part_of_the_line"),
    [
        ("models.py", "from fox_nb.client import Client", "models imports fox_nb.client.Client"),
        ("models.py", "def f():\n    from fox_nb import session", "models.py:2: models imports fox_nb.session"),
        ("models.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import fox_nb.fox", "models.py:3"),
        ("models.py", "from . import fox", "models imports fox_nb.fox"),
        ("models.py", "from .tasks import Task", "tasks is not below it"),
        ("models.py", "from fox_nb import Fox", "models imports fox_nb.Fox: fox is not below it"),
        ("models.py", "import fox_nb", "__init__ is not below it"),
        ("models.py", "import importlib\nimportlib.import_module('fox_nb.cli')", "cli is not below it"),
        (
            "client/wire.py",
            "from importlib import import_module\nimport_module('..session.task', __package__)",
            "session",
        ),
        ("client/wire.py", "from ..store import Store", "client imports fox_nb.store.Store"),
        ("store/__init__.py", "_TABLE = {'Fox': 'fox_nb.fox'}", "store imports fox_nb.fox"),
        ("session/task.py", "import requests.adapters", "requests is for ['client']"),
        ("session/task.py", "def f():\n    from urllib3 import Retry", "urllib3 is for ['client']"),
        ("render/image_grid.py", "import ipywidgets as w", "ipywidgets is for ['display', 'panels']"),
        ("render/image_grid.py", "from fox_nb.sandbox import Sandbox", "know the sandbox"),
        ("sandbox/server.py", "from fox_nb.errors import FoxError", "the sandbox imports fox_nb.errors.FoxError"),
        ("sandbox/art/sky.py", "from ...models import Request", "the sandbox imports fox_nb.models.Request"),
        ("helpers.py", "", "helpers stands on no floor"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, code: str, part_of_the_line: str) -> None:
    """The checker sees imports wherever and however they are written."""
    package = _planted(tmp_path, {"__init__.py": "_LAZY = {'Fox': 'fox_nb.fox'}", file: code})
    (line,) = violations(package)
    assert part_of_the_line in line


def test_a_second_importer_of_nest_asyncio_is_found(tmp_path: Path) -> None:
    """What patches the whole process has one place."""
    package = _planted(tmp_path, {"fox.py": "import nest_asyncio", "cli.py": "def f():\n    import nest_asyncio"})
    assert violations(package) == [
        "nest_asyncio is imported by ['fox_nb/cli.py', 'fox_nb/fox.py']: one file may",
    ]


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    """Imports downwards, within a part, of the version, and of the standard library are nobody's concern."""
    package = _planted(
        tmp_path,
        {
            "__init__.py": "from fox_nb.errors import FoxError\n_LAZY = {'Fox': 'fox_nb.fox'}",
            "fox.py": "from fox_nb.session import Task\nfrom fox_nb.sandbox import Sandbox",
            "client/wire.py": "import requests\nfrom fox_nb import __version__\nfrom .answers import read",
            "sandbox/server.py": "import tornado.web, sqlite3\nfrom fox_nb.atomic import write\nfrom fox_nb.sandbox.handlers import Calls",
            "session/task.py": "import json\nfrom ..store import Store",
        },
    )
    assert violations(package) == []


def _planted(folder: Path, files: dict[str, str]) -> Path:
    package = folder / "fox_nb"
    for name, code in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return package
