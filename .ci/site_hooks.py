"""What `make docs` changes of its pages: search in pages opened as files needs a script, and takes it from here.

The reference's tables are made here, too: of what no docstring says, the models' parameters and the commands.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from fox_nb.cli import _parser
from fox_nb.models import MODELS
from fox_nb.parameters import parameters

ELSEWHERE = "https://unpkg.com/iframe-worker/shim"
HERE = "assets/javascripts/iframe-worker.js"
SHIM = Path(__file__).parent / "node_modules" / "iframe-worker" / "shim" / "index.js"
STYLES = Path(__file__).parent / "site.css"

griffe.stdlib_decorators["fox_nb.sharing.made_once"] = {"property"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the script and the styles to the site."""
    files.append(File.generated(config, STYLES.name, abs_src_path=str(STYLES)))
    files.append(File.generated(config, HERE, content=SHIM.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the tables where the reference has their marks."""
    del page, config, files
    for mark, lines in {"models": _models(), "commands": _commands()}.items():
        markdown = markdown.replace(f"<!-- {mark} -->", "\n".join(lines))
    return markdown


def _models() -> Iterator[str]:
    for model, request in MODELS.items():
        yield f"### {model}\n\n{request.about} Asked for by `fox.{request.method}(…)`.\n"
        yield "| parameter | allowed | if left out | |\n|---|---|---|---|"
        for one in parameters(request):
            default = "not sent" if one.default is None else f"`{one.default}`"
            yield f"| `{one.name}` | {one.allowed} | {'required' if one.required else default} | {one.help} |"
        yield ""


def _commands() -> Iterator[str]:
    yield "| command | what it does |\n|---|---|"
    yield from _commands_of(_parser())


def _commands_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for commands in (one for one in parser._actions if isinstance(one, argparse._SubParsersAction)):  # noqa: SLF001
        for command in commands._choices_actions:  # noqa: SLF001
            usage = " ".join(commands.choices[command.dest].format_usage().split())
            words = usage.removeprefix("usage: ").replace(" [-h]", "").replace("|", "\\|")
            yield f"| `{words}` | {command.help} |"
            yield from _commands_of(commands.choices[command.dest])


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Have a page take the script from its own site."""
    del config
    return output.replace(ELSEWHERE, get_relative_url(HERE, page.url))


def on_post_template(output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
    """Have what is no page, the one for a wrong address, take it from there, too; it is shown at any depth."""
    del template_name, config
    return output_content.replace(ELSEWHERE, f"/{HERE}")
