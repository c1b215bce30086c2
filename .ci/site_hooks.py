"""What `make docs` changes of its pages: search in pages opened as files needs a script, and takes it from here."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

ELSEWHERE = "https://unpkg.com/iframe-worker/shim"
HERE = "assets/javascripts/iframe-worker.js"
SHIM = Path(__file__).parent / "node_modules" / "iframe-worker" / "shim" / "index.js"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the script to the site."""
    files.append(File.generated(config, HERE, content=SHIM.read_text(encoding="utf-8")))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Have a page take the script from its own site."""
    del config
    return output.replace(ELSEWHERE, get_relative_url(HERE, page.url))


def on_post_template(output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
    """Have what is no page, the one for a wrong address, take it from there, too; it is shown at any depth."""
    del template_name, config
    return output_content.replace(ELSEWHERE, f"/{HERE}")
