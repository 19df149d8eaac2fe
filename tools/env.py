"""Make the environment in .venv, or complete it, or say what is missing.

`make env` runs this file with any Python it finds. The file therefore keeps to syntax that old
versions can parse too: they have to get as far as the message.
"""

from __future__ import print_function

import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

SUPPORTED = ("3.11", "3.12", "3.13")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
WINDOWS = os.name == "nt"
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")
VENV_PYTHON = os.path.join(BIN, "python.exe" if WINDOWS else "python")
STAMP = os.path.join(VENV, "nnbook-env.json")
PINS = os.path.join(ROOT, "requirements.txt")
INPUTS = (PINS, os.path.join(ROOT, "pyproject.toml"), os.path.abspath(__file__))
FRAMEWORKS = ("torch", "tensorflow", "tensorflow-cpu")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# The modules are those that a Python built without its optional parts lacks.
PROBE = """
import sys
print(sys.prefix)
print(sys.executable)
print("%d.%d" % sys.version_info[:2])
for module in ("venv", "ensurepip", "ssl", "sqlite3", "ctypes", "zlib"):
    try:
        __import__(module)
    except ImportError:
        print(module)
"""


def clean_environment():
    """Return the environment variables without those that would redirect Python or pip."""
    variables = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "__PYVENV_LAUNCHER__"):
        variables.pop(name, None)
    return variables


def stop(*lines):
    """Print `lines` to the error stream and end with exit code 1."""
    print("\n".join(lines), file=sys.stderr)
    sys.exit(1)


def run(*command):
    """Run `command` in the repository's root; end with its exit code where it fails."""
    sys.stdout.flush()
    code = subprocess.call(command, cwd=ROOT, env=clean_environment())
    if code:
        print("Failed: " + " ".join(command), file=sys.stderr)
        print("The next `make env` goes on from here.", file=sys.stderr)
        sys.exit(code)


def pip(*arguments):
    """Run the environment's pip."""
    run(VENV_PYTHON, "-m", "pip", *arguments)


def probe(command):
    """Return (prefix, path, version, missing modules) of an interpreter; None where none runs."""
    try:
        process = subprocess.Popen(
            command + ["-c", PROBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(),
        )
    except OSError:
        return None
    output = process.communicate()[0].decode("utf-8", "replace").splitlines()
    if process.returncode or len(output) < 3:
        return None
    return output[0], output[1], output[2], output[3:]


# --- Choosing an interpreter ---------------------------------------------------------------------


def is_own(found):
    """Tell whether a probe found the Python of .venv, which cannot serve to make .venv."""
    return found is not None and os.path.realpath(found[0]) == os.path.realpath(VENV)


def asked_for():
    """Return $PYTHON, None where it is not set or is the environment's own."""
    python = os.environ.get("PYTHON")
    return python if python and not is_own(probe([python])) else None


def candidates():
    """Return the interpreter commands to try, in order; only $PYTHON where that is set."""
    if asked_for():
        return [[asked_for()]]
    names = ["python3", "python3.13", "python3.12", "python3.11", "python"]
    launcher = [["py", "-" + version] for version in reversed(SUPPORTED)] if WINDOWS else []
    return [[sys.executable]] + [[name] for name in names] + launcher


def choose_python():
    """Return the first suitable interpreter command; end with a message where there is none."""
    tried = []
    package = "python3-venv"
    for command in candidates():
        found = probe(command)
        if found is None:
            if asked_for():
                tried.append("  %s does not run" % asked_for())
            continue
        _, path, version, missing = found
        if version in SUPPORTED and not missing and not is_own(found):
            return command
        if version in SUPPORTED and "ensurepip" in missing:
            package = "python%s-venv" % version
        line = "  %s is Python %s" % (path, version)
        if version in SUPPORTED and missing:
            line += " without " + ", ".join(missing)
        if line not in tried and not is_own(found):
            tried.append(line)
    lines = ["nnbook needs Python 3.11, 3.12 or 3.13 with venv and ensurepip. Found:"]
    lines += tried or ["  no Python that runs"]
    lines += [
        "Install what is missing, then give the same command again:",
        "  Debian, Ubuntu   sudo apt install python3 " + package,
        "  macOS            brew install python@3.13, or the installer of python.org",
        "  Windows          the installer of python.org",
        "A Python in another place: make env PYTHON=/path/to/python3.12",
    ]
    stop(*lines)


# --- The folder .venv ----------------------------------------------------------------------------


def read_stamp():
    """Return what the last run recorded, {} where there is no readable record."""
    try:
        with open(STAMP) as file:
            return json.load(file)
    except (IOError, OSError, ValueError):
        return {}


def write_stamp(**record):
    with open(STAMP, "w") as file:
        json.dump(record, file, indent=1, sort_keys=True)


def fingerprint():
    """Return one SHA-256 over the files that decide what is installed."""
    digest = hashlib.sha256()
    for path in INPUTS:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def recorded_version():
    """Return the version that pyvenv.cfg records, as "3.11"; None where there is none."""
    try:
        with open(os.path.join(VENV, "pyvenv.cfg")) as file:
            match = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", file.read(), re.MULTILINE)
    except (IOError, OSError):
        return None
    return match.group(1) if match else None


def why_renew(wanted):
    """Say why the present .venv cannot be used, or return None."""
    found, recorded = probe([VENV_PYTHON]), recorded_version()
    if found is None:
        return "its Python does not run any more"
    version = found[2]
    if version not in SUPPORTED:
        return "it was made with Python " + version
    if recorded and recorded != version:
        return "it was made with Python %s, which has become %s" % (recorded, version)
    if wanted and wanted != version:
        return "it was made with Python %s, and %s was asked for" % (version, wanted)
    return None


def make_venv():
    """Make .venv where it is missing; make it anew where it cannot be used."""
    wanted = probe(choose_python())[2] if asked_for() else None
    if os.path.isdir(VENV) and os.listdir(VENV):
        reason = why_renew(wanted)
        if reason is None:
            return
        if recorded_version() is None:
            stop("%s is no virtual environment. Move it away, then try again." % VENV)
        python = choose_python()
        print("Making .venv anew: %s." % reason)
        shutil.rmtree(VENV)
    else:
        python = choose_python()
        print("Making .venv with %s." % " ".join(python))
    run(*(python + ["-m", "venv", "--prompt", "nnbook", VENV]))


def follow_move(old_root):
    """Write the folder's new path into the scripts after the repository was moved."""
    old = os.path.join(old_root, ".venv").encode("utf-8")
    for path in glob.glob(os.path.join(BIN, "*")) + [os.path.join(VENV, "pyvenv.cfg")]:
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            text = file.read()
        if old in text and b"\0" not in text:
            with open(path, "wb") as file:
                file.write(text.replace(old, VENV.encode("utf-8")))


def installed(name="*"):
    """Return the folders in which pip records the packages of .venv."""
    library = os.path.join("Lib" if WINDOWS else os.path.join("lib", "python*"), "site-packages")
    return glob.glob(os.path.join(VENV, library, name + ".dist-info"))


def forget_half_installed():
    """Remove the record of packages whose installation was cut off, so that pip repeats it."""
    for folder in installed():
        if not os.path.exists(os.path.join(folder, "RECORD")):
            shutil.rmtree(folder)


# --- Installing ----------------------------------------------------------------------------------


def read_pins():
    with open(PINS) as file:
        return file.read()


def cpu_index():
    """Return pip's option for PyTorch's CPU builds, where they are needed and can be reached."""
    configured = os.environ.get("PIP_EXTRA_INDEX_URL", "") + os.environ.get("PIP_INDEX_URL", "")
    torch = re.search(r"(?m)^torch==([^ ;\n]+)", read_pins())
    if not sys.platform.startswith("linux") or CPU_INDEX in configured:
        return []
    if torch is None or installed("torch-%s*" % torch.group(1)):
        return []
    import ssl
    from urllib.request import Request, urlopen

    try:
        context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)
        urlopen(Request(CPU_INDEX + "/torch/", method="HEAD"), timeout=5, context=context).close()
    except (OSError, ValueError):
        print("PyTorch's index of CPU builds does not answer, so pip takes the build it finds.")
        print("PyPI's build for Linux is the CUDA build: several GB with its libraries.")
        return []
    return ["--extra-index-url", CPU_INDEX]


def cuda_requirements():
    """Write the pins with TensorFlow's CUDA build in the place of its CPU build."""
    path = os.path.join(VENV, "requirements-cuda.txt")
    with open(path, "w") as file:
        pattern = r"(?m)^tensorflow-cpu==([^ ;\n]+)"
        file.write(re.sub(pattern, r"tensorflow[and-cuda]==\1", read_pins()))
    return path


def check_cuda():
    """End with a message where pip found a build of PyTorch without CUDA."""
    code = "import torch, sys; sys.exit(torch.version.cuda is None)"
    if subprocess.call([VENV_PYTHON, "-c", code], env=clean_environment()):
        stop(
            "pip found PyTorch's CPU build. Take the CPU index out of pip's configuration",
            "(PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS, pip.conf), then repeat make env GPU=1.",
        )


def install(build, switch):
    """Install the pins, then nnbook itself as an editable package."""
    if subprocess.call([VENV_PYTHON, "-c", "import pip"], stderr=subprocess.PIPE):
        run(VENV_PYTHON, "-m", "ensurepip", "--upgrade")
    forget_half_installed()
    if switch:
        pip("uninstall", "--quiet", "--yes", *FRAMEWORKS)
    if build == "cuda":
        pip("install", "-r", cuda_requirements())
        check_cuda()
    else:
        pip("install", "-r", PINS, *cpu_index())
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT)
    quiet_kernels()


def quiet_kernels():
    """Keep kernels from warning at each start that they talk unencrypted, which stays local."""
    folder = os.path.join(VENV, "etc", "ipython")
    if not os.path.isdir(folder):
        os.makedirs(folder)
    with open(os.path.join(folder, "ipython_kernel_config.py"), "w") as file:
        file.write('c.IPKernelApp.log_level = "ERROR"\n')


def lock():
    """Wait for another run in the same folder; the lock ends with the process."""
    try:
        import fcntl

        fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass  # Windows, or a file system without locks: as before, without waiting.


def main():
    """Bring .venv to the state that requirements.txt and pyproject.toml describe."""
    if sys.version_info < (3, 11):  # It can find a newer Python and make .venv with it, no more.
        make_venv()
        sys.exit(subprocess.call([VENV_PYTHON, os.path.abspath(__file__)]))
    lock()
    stamp = read_stamp()
    gpu = os.environ.get("GPU", "")
    if gpu == "1" and not sys.platform.startswith("linux"):
        stop("GPU=1 takes CUDA builds, which exist for Linux. On Windows, use WSL 2.")
    build = {"1": "cuda", "0": "cpu"}.get(gpu) or stamp.get("build", "cpu")
    make_venv()
    wanted = {"inputs": fingerprint(), "root": ROOT, "build": build, "complete": True}
    if stamp == wanted and os.path.exists(STAMP):
        print("The environment in .venv is complete (%s build)." % build)
        return
    if stamp.get("root", ROOT) != ROOT:
        follow_move(stamp["root"])
    switch = os.path.exists(STAMP) and stamp.get("build") != build
    write_stamp(**dict(wanted, complete=False))
    install(build, switch or (gpu == "1" and not stamp))
    write_stamp(**wanted)
    print("The environment in .venv is complete (%s build)." % build)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Interrupted. The next `make env` goes on from here.", file=sys.stderr)
        sys.exit(130)
