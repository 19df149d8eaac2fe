"""`make lab`: JupyterLab opens a chapter as a notebook, and saving one keeps its front matter."""

import json
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("jupyterlab_server", reason="JupyterLab is not installed")
import jupytext
from jupyterlab_server.settings_utils import get_settings
from jupytext.config import load_jupytext_configuration_file

ROOT = Path(__file__).parents[1]
FOLDER = "tools/jupyterlab"
LAB = Path(sys.prefix, "share", "jupyter", "lab")
OVERRIDES = json.loads((ROOT / FOLDER / "overrides.json").read_text(encoding="utf-8"))
CHAPTERS = sorted(
    path.stem
    for path in (ROOT / "book").glob("*.md")
    if "kernelspec" in path.read_text(encoding="utf-8")
)


def test_make_lab_takes_these_settings():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlab:")[2]
    assert f"--LabApp.app_settings_dir={FOLDER}" in recipe.partition("\n\n")[0]


def test_without_make_the_readme_takes_the_same():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"--LabApp\.app_settings_dir=(\S+)", readme) == [FOLDER]


@pytest.mark.parametrize("plugin", OVERRIDES)
def test_jupyterlab_knows_each_setting(plugin, tmp_path):
    schemas = LAB / "schemas"
    if not schemas.exists():
        pytest.skip(f"JupyterLab is not installed in {sys.prefix}")
    found, warnings = get_settings(
        str(ROOT / FOLDER), str(schemas), str(tmp_path), schema_name=plugin
    )
    assert not any(warnings)
    properties = found["schema"]["properties"]
    for name, value in OVERRIDES[plugin].items():
        assert "title" in properties[name], f"{name} is unknown to JupyterLab"
        assert properties[name]["default"] == value


def test_a_chapter_opens_as_a_notebook_and_is_not_saved_by_itself():
    settings = OVERRIDES["@jupyterlab/docmanager-extension:plugin"]
    assert settings["defaultViewers"]["markdown"] == "Jupytext Notebook"
    assert settings["autosave"] is False


@pytest.mark.parametrize("slug", CHAPTERS)
def test_a_saved_chapter_keeps_its_front_matter_and_its_cells(slug):
    path = ROOT / "book" / f"{slug}.md"
    config = load_jupytext_configuration_file(str(ROOT / "book" / "jupytext.toml"))
    source = path.read_text(encoding="utf-8")
    notebook = jupytext.reads(source, fmt="md:myst", config=config)
    saved = jupytext.writes(notebook, fmt="md:myst", config=config)
    front = re.compile(r"---\n.*?\n---\n", re.S)
    assert front.match(saved)[0] == front.match(source)[0]
    again = jupytext.reads(saved, fmt="md:myst", config=config)
    assert [cell.source for cell in again.cells] == [cell.source for cell in notebook.cells]


def test_a_codespace_makes_the_environment_with_a_python_that_it_supports():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads(text)
    assert container["postCreateCommand"] == "make env"
    assert re.search(r"/python:3\.1[123]-", container["image"])
