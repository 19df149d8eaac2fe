"""On Colab, nnbook finds all it needs: installing it changes nothing that is there.

``tests/data`` holds the versions of one dated image. Where each direct requirement is met by the
list, pip has no reason to fetch anything but nnbook. The weekly run lets pip itself say so.
"""

import re
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("packaging", reason="packaging is not installed")
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "data" / "colab-2026-08-19.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = PROJECT["dependencies"] + EXTRAS["torch"] + EXTRAS["tensorflow"] + EXTRAS["dask"]


@pytest.fixture(scope="module")
def image():
    """The image's packages: version by name."""
    pairs = re.findall(r"^([\w.-]+)==(\S+)$", LIST.read_text(encoding="utf-8"), re.M)
    return {canonicalize_name(name): version for name, version in pairs}


def unmet(line, image):
    """Say what pip would do to the image for this requirement; None where it does nothing."""
    requirement = Requirement(line)
    found = image.get(canonicalize_name(requirement.name))
    if found is None:
        return f"{line}: not in Colab's image"
    return None if requirement.specifier.contains(found) else f"{line}: Colab has {found}"


@pytest.mark.parametrize("line", REQUIREMENTS)
def test_the_image_meets_the_requirement(line, image):
    assert unmet(line, image) is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("numpy>=2.2", "numpy>=2.2: Colab has 2.1.3"),
        ("Scikit_Learn<1.6", "Scikit_Learn<1.6: Colab has 1.6.1"),
        ("tensorflow-cpu", "tensorflow-cpu: not in Colab's image"),
    ],
)
def test_what_the_image_does_not_meet_is_told(line, told, image):
    assert unmet(line, image) == told


def test_the_images_python_is_supported():
    python = re.search(r"on Python (\d+\.\d+)", LIST.read_text(encoding="utf-8"))[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)


def test_the_list_is_dated_and_read_whole(image):
    text = LIST.read_text(encoding="utf-8")
    assert LIST.stem.removeprefix("colab-") in text
    assert len(image) == sum(not line.startswith("#") for line in text.splitlines())


@pytest.mark.parametrize("file", [".github/workflows/weekly.yml", "CONTRIBUTING.md"])
def test_the_weekly_run_takes_the_same_list(file):
    named = re.findall(r"tests/data/colab-[\d-]+\.txt", (ROOT / file).read_text(encoding="utf-8"))
    assert set(named) == {LIST.relative_to(ROOT).as_posix()}
