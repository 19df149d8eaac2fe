"""The repository's address stands in one place, and links, buttons and first cells follow it."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

pytest.importorskip("myst_nb", reason="MyST-NB is not installed")
import launch
from IPython.core.inputtransformer2 import TransformerManager
from settings import read_settings
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[1]
URL = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
OWNER_NAME = URL.removeprefix("https://github.com/")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_the_address_stands_in_one_tracked_file():
    git = ["git", "-C", str(ROOT), "grep", "-lF", "-e", OWNER_NAME]
    found = subprocess.run(git, capture_output=True, text=True)
    if found.returncode > 1:
        pytest.skip("this is no clone, so no file is tracked")
    assert found.stdout.splitlines() == ["_config.yml"]


# --- Reading it ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("https://github.com/ann/book", {}, ("ann", "book")),
        ("https://github.com/ann/book.git", {}, ("ann", "book")),
        ("https://github.com/ann/book/", {"GITHUB_REPOSITORY": ""}, ("ann", "book")),
        ("https://github.com/ann/book", {"GITHUB_REPOSITORY": "Bo-b/b.o_k-2"}, ("Bo-b", "b.o_k-2")),
        ("https://example.org", {"GITHUB_REPOSITORY": "bob_x/book"}, ("bob_x", "book")),
    ],
)
def test_github_repository_overrides_the_configured_address(url, environment, expected):
    assert launch.repository(url, environment) == expected


MALFORMED = ["fork", "a/b/c", "a/", "/b", "a b/c", "a/..", "-a/b", "https://github.com/a/b", "ä/b"]


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_github_repository_is_told(value):
    told = re.escape(f"GITHUB_REPOSITORY is {value!r}, expected owner/name")
    with pytest.raises(ExtensionError, match=told):
        launch.repository(URL, {"GITHUB_REPOSITORY": value})


@pytest.mark.parametrize(
    "url", ["", "ann/book", "https://gitlab.com/ann/book", "https://github.com/a"]
)
def test_a_malformed_configured_address_is_told(url):
    told = re.escape(f"repository.url is {url!r}, expected https://github.com/owner/name")
    with pytest.raises(ExtensionError, match=told):
        launch.repository(url, {})


@pytest.mark.parametrize(
    ("owner", "name", "expected"),
    [
        ("Ann", "Book", "https://ann.github.io/Book/"),
        ("Ann", "ann.github.io", "https://ann.github.io/"),
        ("ann", "bob.github.io", "https://ann.github.io/bob.github.io/"),
    ],
)
def test_address_of_the_published_site(owner, name, expected):
    assert launch.site(owner, name) == expected


# --- What follows it -----------------------------------------------------------------------------


@pytest.fixture
def config():
    return SimpleNamespace(html_theme_options={"repository_url": URL}, html_baseurl="")


@pytest.fixture
def as_fork(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/fork")
    monkeypatch.setenv("GITHUB_SHA", COMMIT)


@pytest.mark.usefixtures("as_fork")
@pytest.mark.parametrize(
    ("configured", "expected"),
    [("", "https://someone.github.io/fork/"), ("https://example.org/", "https://example.org/")],
)
def test_in_a_fork_all_is_the_forks_but_a_site_of_its_own(config, configured, expected):
    config.html_baseurl = configured
    launch.configure(None, config)
    assert config.html_theme_options["repository_url"] == "https://github.com/someone/fork"
    assert config.html_baseurl == expected
    (_, text), (_, code) = config.notebook_first_cells
    assert "installs the book's package `nnbook` where it is missing" in text
    assert f'"nnbook @ git+https://github.com/someone/fork@{COMMIT}"' in code


@pytest.mark.usefixtures("as_fork")
def test_in_a_fork_the_tools_name_its_address():
    assert read_settings().address == "https://github.com/someone/fork"


def test_elsewhere_the_configured_address_holds(config, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.delenv("GITHUB_SHA", raising=False)
    launch.configure(None, config)
    assert config.html_theme_options["repository_url"] == URL
    assert config.html_baseurl == ""
    assert f'"nnbook @ git+{URL}"' in config.notebook_first_cells[1][1]


@pytest.mark.parametrize("commit", ["main", COMMIT[:7], COMMIT + "; rm"])
def test_a_malformed_commit_is_told(commit):
    with pytest.raises(ExtensionError, match=re.escape(f"GITHUB_SHA is {commit!r}, expected")):
        launch.install_cell("ann", "book", {"GITHUB_SHA": commit})


# --- The buttons ---------------------------------------------------------------------------------


def header_buttons(page, builder="html"):
    metadata = {"neuron": {"kernelspec": {}}, "status": {"kernelspec": {}}, "api": {}}
    app = SimpleNamespace(
        builder=SimpleNamespace(name=builder),
        config=SimpleNamespace(
            html_theme_options={"repository_url": "https://github.com/ann/book"}
        ),
        env=SimpleNamespace(metadata=metadata),
    )
    context = {"header_buttons": ["the theme's"]}
    launch.add_launch_buttons(app, page, "page.html", context, None)
    return context["header_buttons"]


def test_a_page_with_a_notebook_has_a_button_for_each_service():
    group, *others = header_buttons("neuron")
    assert others == ["the theme's"]
    assert {button["text"]: button["url"] for button in group["buttons"]} == {
        "Colab": "https://colab.research.google.com/github/ann/book/blob/gh-pages"
        "/notebooks/neuron.ipynb",
        "Binder": "https://mybinder.org/v2/gh/ann/book/gh-pages"
        "?urlpath=lab/tree/notebooks/neuron.ipynb",
    }


@pytest.mark.parametrize(
    ("page", "builder"),
    [("status", "html"), ("api", "html"), ("genindex", "html"), ("neuron", "singlehtml")],
)
def test_other_pages_and_forms_of_the_book_have_none(page, builder):
    assert header_buttons(page, builder) == ["the theme's"]


# --- The first cell ------------------------------------------------------------------------------

RUN = """
import importlib.util
import sys
from IPython.core.interactiveshell import InteractiveShell

if {missing}:
    importlib.util.find_spec = lambda name: None
shell = InteractiveShell()
shell.register_magic_function(lambda line: print("pip", line), magic_name="pip")
shell.run_cell(sys.stdin.read()).raise_error()
"""


@pytest.mark.parametrize("missing", [True, False])
def test_the_first_cell_installs_nnbook_only_where_it_is_missing(tmp_path, missing):
    source = launch.install_cell("ann", "book", {"GITHUB_SHA": COMMIT})
    command = [sys.executable, "-c", RUN.format(missing=missing)]
    ran = subprocess.run(command, input=source, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    told = f'pip install --quiet "nnbook @ git+https://github.com/ann/book@{COMMIT}"\n'
    assert ran.stdout == (told if missing else "")


def test_the_first_cell_is_python_with_one_magic():
    source = launch.install_cell("ann", "book", {})
    compile(TransformerManager().transform_cell(source), "cell", "exec")
    assert re.findall(r"^ *%\w+", source, re.M) == ["    %pip"]
