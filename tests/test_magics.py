"""The magics: the models' own parameters as options, the prompt as the cell's body, variables as pictures."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from fox_nb import Fox, InvalidRequest
from fox_nb.magics import VERBS, parse
from fox_nb.models import MODELS
from fox_nb.parameters import parameters
from fox_nb.settings import Polling


@pytest.fixture
def shell(sandbox: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """An IPython with the extension loaded and a Fox on the test's own sandbox."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    polling = Polling(first_looks=(0.1,), at_least=0.1, per_second=50)
    with Fox(api_key=sandbox.key, base_url=sandbox.base_url, store=tmp_path / "fox_runs", polling=polling) as fox:
        shell.push({"fox": fox})
        shell.run_line_magic("load_ext", "fox_nb")
        yield shell
    shell.history_manager.end_session()


def run(shell: InteractiveShell, code: str) -> Any:
    """Run a cell, and return its value or raise its error."""
    result = shell.run_cell(code)
    result.raise_error()
    return result.result


def test_a_cell_is_a_prompt_with_options(shell: InteractiveShell, sandbox: Any) -> None:
    """The body is the prompt, lines and all; the value is the task."""
    task = shell.run_cell_magic("fox", "generate --aspect-ratio 3:4 --num-outputs 2", "a red fox\nin the snow\n").wait(
        60
    )
    assert [(image.width < image.height) for image in task.images] == [True, True]
    assert sandbox.creations[0]["body"] == {
        "model": "phota-image", "prompt": "a red fox\nin the snow", "num_outputs": 2, "resolution": "1K", "aspect_ratio": "3:4",
    }  # fmt: skip


def test_a_line_is_a_prompt_too(shell: InteractiveShell, sandbox: Any) -> None:
    """Free words are the prompt, also with an apostrophe; the same line is the same picture, --take another one."""
    first = run(shell, "%fox generate a fox's den --resolution=1K")
    assert sandbox.creations[0]["body"]["prompt"] == "a fox's den"
    assert run(shell, "%fox generate a fox's den") is first
    assert run(shell, "%fox generate a fox's den --take 2").take == 2
    assert run(shell, "%fox generate a fox's den --take new").take == 3
    assert len(sandbox.creations) == 3


def test_another_thing_by_the_name_of_the_fox_sends_nothing(shell: InteractiveShell, sandbox: Any) -> None:
    """Whoever has put a task in the place of the Fox is told so: none without its budget is made to pay for the next."""
    run(shell, "fox = fox.generate('one')")
    with pytest.raises(InvalidRequest, match="`fox` is not a Fox; its type is Task"):
        run(shell, "%fox generate two")
    assert len(sandbox.creations) == 1


def test_pictures_are_variables_results_paths_or_links(shell: InteractiveShell, sandbox: Any, tmp_path: Any) -> None:
    """A PIL image by its name, an earlier result by its way, a file and a URL as they are."""
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "sea.png")
    shell.push({"photo": Image.new("RGB", (80, 60), "red")})
    Image.new("RGB", (64, 64), "red").save(tmp_path / "photo.png")  # named as the variable, too
    run(shell, "task = fox.generate('a fox').wait(60)")
    shell.run_cell_magic(
        "fox", "edit --image-urls photo task.images[0] sea.png photo.png https://example.com/a.jpg", "make it night"
    )
    urls = sandbox.creations[-1]["body"]["image_urls"]
    assert len({*urls}) == 5
    assert all(url.startswith(sandbox.base_url) for url in urls[:4])
    assert urls[4] == "https://example.com/a.jpg"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("generate --aspect-ratio 16x9", "Did you mean '16:9'?"),
        ("generate --num-outputs many", "num_outputs is 'many'"),
        ("generate --num-outputs 0", "num_outputs is 0"),
        ("generate --aspect 1:1", "--aspect-ratio"),
        ("generate --resolution", "--resolution has no value."),
        ("paint --resolution 1K", "%fox has no 'paint'"),
        ("generate --take none", "take is 'none'"),
        ("generate in the snow", "'in the snow' has no place"),
        ("edit --image-urls fox.png", "fox.png is neither a file nor"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_models(
    shell: InteractiveShell, sandbox: Any, line: str, words: str
) -> None:
    """The same error as from Python, before anything is sent."""
    with pytest.raises(InvalidRequest, match=words.replace("?", r"\?")):
        shell.run_cell_magic("fox", line, "a fox")
    assert sandbox.creations == []


def test_every_option_of_every_model_is_there() -> None:
    """What the request classes have, the magics have, in their own types."""
    for request in VERBS.values():
        for parameter in parameters(request):
            text = parameter.options[-1] if parameter.options else "true" if parameter.type is bool else "1"
            name = "--" + parameter.name.replace("_", "-")
            has_prompt = any(one.hint.kind == "prompt" for one in parameters(request))
            body = "a fox" if has_prompt and parameter.hint.kind != "prompt" else ""
            value = parse(request, [name, text], body)[parameter.name]
            wanted = [text] if parameter.many else text if parameter.options else parameter.type(text)
            assert (value, type(value)) == (wanted, type(wanted))
    assert set(VERBS.values()) == set(MODELS.values())


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("--image-urls=a.png b.png", {"image_urls": ["a.png", "b.png"]}),
        ("--image-urls a.png -b.png", {"image_urls": ["a.png", "-b.png"]}),
        ("--prompt -cat --image-urls a.png", {"prompt": "-cat", "image_urls": ["a.png"]}),
    ],
)
def test_every_word_behind_an_option_is_its_value(line: str, wanted: dict[str, Any]) -> None:
    """Behind '=', too, and with a dash at its beginning: a picture never becomes the prompt of a paid request."""
    assert parse(VERBS["edit"], line.split(), "") == wanted


def test_it_explains_itself(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """``%fox?`` and a bare ``%fox`` name every option with what is allowed."""
    about = shell.object_inspect("%fox")["docstring"]
    shell.run_line_magic("fox", "")
    for text in (about, capsys.readouterr().out):
        assert "--aspect-ratio: one of 1:1, 2:3, 3:2, 3:4, 4:3, 9:16, 16:9; 1:1." in text
        assert "--creativity: a number from 0 to 1, or None; not set." in text


def test_the_extension_costs_nothing_until_it_is_loaded() -> None:
    """`import fox_nb` has the attribute that IPython looks for, and loads neither the magics nor IPython."""
    code = "import sys, fox_nb; fox_nb.load_ipython_extension; print('fox_nb.magics' in sys.modules, 'IPython' in sys.modules)"
    assert subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=240
    ).stdout.split() == [
        "False",
        "False",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"edit --image-urls C:\Users\me\a.png", ["edit", "--image-urls", r"C:\Users\me\a.png"]),
        (r'edit --image-urls "C:\My photos\a b.png" x.png', ["edit", "--image-urls", r"C:\My photos\a b.png", "x.png"]),
        (r"edit --image-urls \\server\share\a.png", ["edit", "--image-urls", r"\\server\share\a.png"]),
        (r"edit --image-urls='C:\new\tim.png'", ["edit", r"--image-urls=C:\new\tim.png"]),
        ("edit --image-urls C:\\Users\\", ["edit", "--image-urls", "C:\\Users\\"]),
        (
            r"edit --image-urls C:\Users\O'Neil\a.png it's.png",
            ["edit", "--image-urls", r"C:\Users\O'Neil\a.png", "it's.png"],
        ),
        ("generate # no comment", ["generate", "#", "no", "comment"]),
    ],
)
def test_paths_of_windows_are_taken_as_they_are(line: str, words: list[str]) -> None:
    """A backslash in a line is a backslash, quoted or not, and an apostrophe in a name is one."""
    from fox_nb.magics import _words

    assert _words(line) == words


@pytest.mark.parametrize(
    "prompt",
    [
        "the fox's and the bear's den",
        "it's 5 o'clock",
        "rock 'n' roll",
        'a 5" fox and a 6" fox',
        "a sign that says 'no foxes'",
    ],
)
def test_quotes_of_a_prompt_are_its_own(prompt: str) -> None:
    """A prompt on the line is sent as it was typed; quotes around all of it, and those of options, keep words together."""
    from fox_nb.magics import _words

    assert " ".join(_words(f"generate {prompt}")[1:]) == prompt
    assert _words(f'edit {prompt} --image-urls "my photo.jpg" sea.jpg')[-3:] == [
        "--image-urls",
        "my photo.jpg",
        "sea.jpg",
    ]
    assert _words('generate "a red fox" --take=2') == ["generate", "a red fox", "--take=2"]
