"""The wheel, which the site carries: complete, and enough for a notebook outside the repository."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

if importlib.util.find_spec("setuptools") is None:
    pytest.skip("setuptools is not installed", allow_module_level=True)
ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".npz", ".csv"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy, because setuptools leaves a folder behind."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "code" / "nnbook", source / "code" / "nnbook")
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-data", "LICENSE-text"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    command = [*pip, "--no-build-isolation", "--wheel-dir", source, source]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return next(source.glob("nnbook-*.whl"))


def test_the_wheel_holds_the_package_whole_and_nothing_else(wheel):
    package = ROOT / "code" / "nnbook"
    expected = {p.relative_to(package.parent).as_posix() for p in package.rglob("*")}
    files = {name for name in expected if Path(name).suffix in SUFFIXES}
    found = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert found == files


def test_from_the_wheel_the_first_cell_finds_the_package_and_its_data(wheel, tmp_path):
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    from launch import install_cell

    cell = install_cell("ann", "book", {})
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell()\n"
        "shell.register_magic_function(lambda line: exit('pip'), magic_name='pip')\n"
        f"shell.run_cell({cell!r}).raise_error()\n"
        "import nnbook\n"
        "print(nnbook.__file__, len(nnbook.load_mnist()))\n"
    )
    variables = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert ran.stdout == f"{tmp_path / 'site' / 'nnbook' / '__init__.py'} 2\n", ran.stderr
