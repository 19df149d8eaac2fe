"""What the scripts that fill code/nnbook/results share: a first line, and how tables are written.

A table with a process for each framework comes from :func:`main_of_frameworks`.
"""

import argparse
import contextlib
import subprocess
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "code" / "nnbook" / "results"
FRAMEWORKS = ("keras", "torch")
# What a framework's numbers depend on; tensorflow has two names.
PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "torch", "numpy")


def comment(command, packages=("numpy",)):
    """Return the first line: the command, the day, and the versions of what is installed."""
    found = []
    for name in packages:
        with contextlib.suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return f"# {command} on {date.today()} with {', '.join(found)}"


def write_table(path, lines):
    """Replace a table, and say where it is."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(path)


def read_arguments(doc, *options):
    """Return the arguments of a script; an option is a flag and what argparse takes for it."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for flag, settings in options:
        parser.add_argument(flag, **settings)
    return parser.parse_args()


def main_of_frameworks(doc, script, path, header, print_rows):
    """Write the rows that `print_rows` prints of each framework, in a process of its own."""
    only = {"choices": FRAMEWORKS, "help": "print this one's rows only"}
    if framework := read_arguments(doc, ("--framework", only)).framework:
        print_rows(framework)
        return
    lines = [comment(f"python tools/{Path(script).name}", PACKAGES), header]
    for framework in FRAMEWORKS:
        command = [sys.executable, script, "--framework", framework]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip())
        if process.wait() != 0:
            sys.exit(f"{framework} failed; {path} is unchanged")
    write_table(path, lines)
