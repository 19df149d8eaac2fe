"""The tools from npm: Lighthouse, and the W3C's HTML checker, which needs Java."""

import json
import os
import re
import shutil
import statistics
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "_build" / "audit"
MODULES = FOLDER / "node_modules"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
FORM_FACTORS = {"desktop": ["--preset=desktop"], "mobile": []}  # mobile is Lighthouse's default


def need(program, oldest, hint):
    """Return the program's path, or end and say what to install."""
    path = shutil.which(program)
    option = "-version" if program == "java" else "--version"
    found = path and subprocess.run([path, option], capture_output=True, text=True)
    version = found and re.search(r"(\d+)\.", found.stdout + found.stderr)
    if not version or int(version[1]) < oldest:
        raise SystemExit(f"make audit needs {program} {oldest} or newer: {hint}")
    return path


def install():
    """Install what package-lock.json names, unless it is there."""
    need("node", 20, "https://nodejs.org, or sudo apt install nodejs npm")
    npm = need("npm", 9, "it comes with Node.js")
    lock = (HERE / "package-lock.json").read_bytes()
    installed = FOLDER / "installed"
    if installed.exists() and installed.read_bytes() == lock:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, FOLDER)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=FOLDER, check=True)
    installed.write_bytes(lock)


def check_html(paths):
    """Return the messages of the HTML checker on all files."""
    java = need("java", 11, "sudo apt install default-jre-headless")
    jar = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = [java, "-jar", jar, "--format", "json", "--exit-zero-always", *paths]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(found.stderr)["messages"]


def lighthouse(url, form_factor, chromium, runs):
    """Return the median of each category's score, 0 to 100, and the audits that cost points."""
    reports = [run_lighthouse(url, form_factor, chromium) for _ in range(runs)]
    scores = {
        category: round(
            100 * statistics.median(report["categories"][category]["score"] for report in reports)
        )
        for category in CATEGORIES
    }
    return scores | {"costs": "; ".join(costly(reports[-1]))}


def run_lighthouse(url, form_factor, chromium):
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    command = [
        *("node", MODULES / "lighthouse" / "cli" / "index.js", url, *FORM_FACTORS[form_factor]),
        *("--quiet", "--output=json", f"--only-categories={','.join(CATEGORIES)}"),
        f"--chrome-flags=--headless=new{' --no-sandbox' * root}",
    ]
    found = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"CHROME_PATH": str(chromium)},
    )
    if found.returncode:
        raise SystemExit(f"Lighthouse failed on {url}:\n{found.stderr}")
    return json.loads(found.stdout)


def costly(report):
    """Return the titles of the audits that pull a score below 100."""
    weighed = [
        item["id"]
        for category in report["categories"].values()
        for item in category["auditRefs"]
        if item["weight"]
    ]
    audits = report["audits"]
    return [
        f"{audits[name]['title']} {audits[name].get('displayValue', '')}".strip()
        for name in weighed
        if audits[name]["score"] is not None and audits[name]["score"] < 0.9
    ]
