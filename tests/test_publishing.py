"""What is published: the site's layout, and what Binder makes of it, as repo2docker renders it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import env
import pytest
import yaml
from make_site import lay_out

pytest.importorskip("packaging", reason="packaging is not installed")
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
BINDER = ROOT / ".binder"
LINES = (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
REQUIREMENTS = [line for line in LINES if not line.startswith(("#", "-"))]
X86_64 = {"sys_platform": "linux", "platform_machine": "x86_64", "extra": ""}
WHEEL = "nnbook-0.1-py3-none-any.whl"


@pytest.fixture
def built(tmp_path):
    """A repository in which all parts of the site have been made, and all but one download."""
    parts = ["html/intro.html", "html/_static/a.css", "notebooks/neuron.ipynb", f"dist/{WHEEL}"]
    for part in [*parts, "nnbook.pdf", "nnbook.zip"]:
        path = tmp_path / "_build" / part
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    shutil.copytree(BINDER, tmp_path / ".binder")
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    return tmp_path


# --- The layout ----------------------------------------------------------------------------------


def test_the_site_holds_pages_notebooks_binders_files_and_downloads(built):
    published = lay_out(built)
    assert published == built / "_build" / "site"
    files = {path.relative_to(published) for path in published.rglob("*") if path.is_file()}
    assert {path.as_posix() for path in files} == {
        "intro.html",
        "_static/a.css",
        "notebooks/neuron.ipynb",
        ".binder/postBuild",
        ".binder/requirements.txt",
        ".binder/runtime.txt",
        "requirements.txt",
        WHEEL,
        "nnbook.pdf",
        "nnbook.zip",
        ".nojekyll",
    }


def test_nothing_stale_stays_in_the_site(built):
    stale = lay_out(built) / "notebooks" / "stale.ipynb"
    stale.touch()
    assert not (lay_out(built) / "notebooks" / "stale.ipynb").exists()


@pytest.mark.parametrize("part", ["html/intro.html", "notebooks/neuron.ipynb", f"dist/{WHEEL}"])
def test_a_part_that_was_not_built_is_told(built, part):
    (built / "_build" / part).unlink()
    folder = re.escape(part.partition("/")[0])
    with pytest.raises(SystemExit, match=f"No .*{folder}.*First run: make site"):
        lay_out(built)


# --- The workflow --------------------------------------------------------------------------------


def workflows():
    paths = (ROOT / ".github" / "workflows").glob("*.yml")
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


def test_only_the_job_that_publishes_may_write():
    found = workflows()
    assert all(workflow["permissions"] == {} for workflow in found.values())
    jobs = {(w, j): job["permissions"] for w in found for j, job in found[w]["jobs"].items()}
    assert jobs.pop(("book", "publish")) == {"contents": "write"}
    assert all(permissions == {"contents": "read"} for permissions in jobs.values())


def test_what_was_checked_is_what_is_published():
    jobs = workflows()["book"]["jobs"]
    steps = jobs["build"]["steps"]
    commands = [step.get("run", "") for step in steps]
    upload = next(step["with"] for step in steps if "upload-artifact" in step.get("uses", ""))
    assert sum("site" in command.split() for command in commands) == 1
    assert "check-notebooks" in next(command for command in commands if "site" in command.split())
    assert (upload["path"], upload["include-hidden-files"]) == ("_build/site", True)

    assert (jobs["publish"]["needs"], upload["name"]) == ("build", "site")
    download, push = (step["with"] for step in jobs["publish"]["steps"])
    assert (download["name"], push["publish_dir"]) == ("site", download["path"])
    launch = (ROOT / "book" / "_ext" / "launch.py").read_text(encoding="utf-8")
    assert f'BRANCH = "{push["publish_branch"]}"' in launch


# --- What Binder installs ------------------------------------------------------------------------


def dockerfile(folder):
    """Return the recipe that repo2docker would build for `folder`, and its messages."""
    pytest.importorskip("repo2docker", reason="repo2docker is for Linux and not installed here")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(folder)]
    ran = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("branch", ["published", "main"])
def test_repo2docker_takes_our_files_in_the_right_order(built, python, branch):
    recipe = dockerfile(lay_out(built) if branch == "published" else ROOT)
    assert f"Building conda environment for python={python}" in recipe
    steps = [
        "COPY --chown=0:0 src/ ${REPO_DIR}/",  # before pip, which needs ../requirements.txt
        'bin/pip install --no-cache-dir -r ".binder/requirements.txt"',
        "RUN ./.binder/postBuild",
    ]
    places = [recipe.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(("branch", "source"), [("published", WHEEL), ("main", ".")])
def test_nnbook_comes_from_the_wheel_where_there_is_one(built, tmp_path, branch, source):
    if os.name == "nt":
        pytest.skip("Binder's script is for Linux")
    folder = lay_out(built) if branch == "published" else ROOT
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", folder / ".binder" / "postBuild"]
    ran = subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert ran.stdout == f"-m pip install --no-cache-dir -c requirements.txt {source}\n", ran.stderr


@pytest.fixture(scope="module")
def python():
    return re.fullmatch(r"python-(3\.\d+)\n", (BINDER / "runtime.txt").read_text())[1]


@pytest.fixture(scope="module")
def pins(python):
    """The version of each package that requirements.txt gives for Binder's machines."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    machine = X86_64 | {"python_version": python, "python_full_version": f"{python}.0"}
    held = [pin for pin in found if pin.marker is None or pin.marker.evaluate(machine)]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in held}


@pytest.mark.parametrize("line", REQUIREMENTS)
def test_a_requirement_has_its_version_from_the_pins_alone(line, pins):
    requirement = Requirement(line)
    assert (str(requirement.specifier), requirement.marker, requirement.url) == ("", None, None)
    assert requirement.name in pins


def test_the_pins_stand_where_the_requirements_look_for_them(built):
    (constraints,) = (line.removeprefix("-c ") for line in LINES if line.startswith("-c "))
    for folder in (BINDER, lay_out(built) / ".binder"):
        assert (folder / constraints).resolve() == folder.parent / "requirements.txt"
        assert (folder / constraints).exists()


def test_the_frameworks_are_there_as_cpu_builds_and_dask(pins):
    assert set(REQUIREMENTS) == {"torch", "tensorflow-cpu", "keras", "distributed"}
    assert "tensorflow" not in pins
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in LINES


def test_binders_python_is_supported(python):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert SpecifierSet(project["requires-python"]).contains(python)
    assert python in env.SUPPORTED
