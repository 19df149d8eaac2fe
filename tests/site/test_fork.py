"""The book, built as someone's fork builds it: every address is the fork's, with nothing edited.

The pages are written anew from the last `make book`; nothing is executed again.
"""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "_build"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
OURS = CONFIG["repository"]["url"].removeprefix("https://github.com/")
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"], *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"])]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FORK = {"GITHUB_REPOSITORY": "someone/fork", "GITHUB_SHA": COMMIT}
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def missing():
    """Say why the book cannot be written from the last build, or return None."""
    if not (BUILD / "html" / "intro.html").exists() or (BUILD / ".unfinished").exists():
        return "the book is not built: make book"
    import house_rules  # here, because it needs MyST-NB, and a missing book is told without

    if not (BUILD / ".jupyter_cache" / house_rules.execution_key()).exists():
        return "the book was built with another package or other versions: make book"
    return None


def write(folder, *options):
    """Write the book as the fork into `folder`, in the form that the options name."""
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", "book", "--toc", ROOT / "_toc.yml"]
    command += ["--config", ROOT / "_config.yml", "--path-output", folder, "-n", "-W", *options]
    ran = subprocess.run(command, cwd=ROOT, env=os.environ | FORK, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]


@pytest.fixture(scope="module")
def fork(unavailable, tmp_path_factory):
    """The folder in which the fork's pages and notebooks are."""
    if reason := missing():
        unavailable(reason)
    folder = tmp_path_factory.mktemp("fork")
    for part in (".doctrees", "jupyter_execute"):
        shutil.copytree(BUILD / part, folder / "_build" / part)
    write(folder)
    write(folder, "--builder", "custom", "--custom-builder", "notebooks")
    return folder / "_build"


class Addresses(HTMLParser):
    """The addresses that a page's links lead to, those of its head by their ``rel``."""

    def __init__(self, page):
        super().__init__()
        self.links, self.head = [], {}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "a":
            self.links.append(found.get("href", ""))
        elif tag == "link":
            self.head[found["rel"]] = found["href"]


@pytest.fixture
def page(fork, slug):
    return Addresses(fork / "html" / f"{slug}.html")


each_page = pytest.mark.parametrize("slug", PAGES)


def test_our_own_address_is_nowhere(fork):
    files = [path for path in fork.glob("html/**/*") if path.is_file()]
    files += fork.glob("notebooks/*.ipynb")
    ours = re.compile(rf"{OURS}|{OURS.partition('/')[0]}\.github\.io".encode())
    assert [str(path) for path in files if ours.search(path.read_bytes())] == []


@each_page
def test_links_to_the_repository_lead_to_the_fork(page, slug):
    repository = "https://github.com/someone/fork"
    assert repository in page.links
    assert f"{repository}/edit/main/book/{slug}.md" in page.links
    assert any(link.startswith(f"{repository}/issues/new?") for link in page.links)


@each_page
def test_launch_buttons_stand_where_a_notebook_is(fork, page, slug):
    launched = [link for link in page.links if re.search("colab|binder", link)]
    notebook = f"notebooks/{slug}.ipynb"
    expected = [
        f"https://colab.research.google.com/github/someone/fork/blob/gh-pages/{notebook}",
        f"https://mybinder.org/v2/gh/someone/fork/gh-pages?urlpath=lab/tree/{notebook}",
    ]
    assert launched == (expected if (fork / notebook).exists() else [])


@each_page
def test_the_canonical_address_is_the_forks_site(page, slug):
    assert page.head["canonical"] == f"https://someone.github.io/fork/{slug}.html"


def test_each_notebook_installs_the_fork_in_the_commit_that_was_built(fork):
    notebooks = sorted(fork.glob("notebooks/*.ipynb"))
    assert notebooks
    line = f'%pip install --quiet \\"nnbook @ git+https://github.com/someone/fork@{COMMIT}\\"'
    for notebook in notebooks:
        assert notebook.read_text(encoding="utf-8").count(line) == 1


def test_notebooks_link_the_pages_of_the_fork(fork):
    text = "".join(path.read_text(encoding="utf-8") for path in fork.glob("notebooks/*.ipynb"))
    sites = re.findall(r"https://[\w.-]*github\.io/[^)\"\s]*", text)
    assert sites
    assert [link for link in sites if not link.startswith("https://someone.github.io/fork/")] == []
