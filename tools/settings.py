"""What `_config.yml` says about the book, for the tools that write it in another form."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "book" / "_ext"))
import launch

ROOT = Path(__file__).resolve().parents[1]


def read_settings():
    """Return title, author, version, language and the repository's address."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return SimpleNamespace(
        title=config["title"],
        author=config["author"],
        version=config["sphinx"]["config"]["version"],
        language=config["sphinx"]["config"]["language"],
        address=launch.address(*launch.repository(config["repository"]["url"], os.environ)),
    )
