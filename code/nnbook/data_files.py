"""Files of data: shipped with the package, or found and downloaded; verified at every reading.

Chapter: :doc:`/custom-dataset`.
"""

import gzip
import hashlib
import os
import tempfile
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

from nnbook.origin import install_record


def read_shipped(path, sha256, title):
    """Return the bytes of a file that comes with the package.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    ValueError
        If it is damaged. Both messages give the command that restores it.

    Notes
    -----
    Chapter: :doc:`/custom-dataset`.
    """
    try:
        return _read_verified(path, sha256)
    except FileNotFoundError:
        missing = f"{path} is missing, expected the {title} data. {_how_to_restore(path)}"
        raise FileNotFoundError(missing) from None
    except ValueError as error:
        raise ValueError(f"{error}. {_how_to_restore(path)}") from None


@dataclass(frozen=True)
class Source:
    """Where the files of one data set are looked for, in this order.

    First comes the cache: pooch's folder for nnbook, or the one that the environment variable
    ``NNBOOK_DATA`` names. Then the folders of the system's packages, then the mirrors.

    Parameters
    ----------
    title : str
        The data set's name, for messages.
    folder : str
        The data set's folder in the cache.
    mirrors : tuple of str
        Addresses to which a file's name is appended.
    installed : tuple of str, optional
        Folders in which a package of the system puts the files.
    otherwise : str, optional
        What else helps where no mirror answers, for the message.

    Notes
    -----
    Chapter: :doc:`/custom-dataset`.
    """

    title: str
    folder: str
    mirrors: tuple
    installed: tuple = ()
    otherwise: str = ""

    def read(self, name, sha256):
        """Return the content of a file, downloaded where no sound copy is found.

        A .gz file is unpacked, and its content verified: packed by another program, it differs. A
        .tar.gz file stays packed. A damaged copy is passed over with a warning.

        Raises
        ------
        FileNotFoundError
            If no mirror gives the file either. The message says what helps.
        """
        cached = cache_folder() / self.folder / name
        paths = [cached, *(Path(folder) / name for folder in self.installed)]
        for path in filter(Path.exists, paths):
            try:
                return _read_verified(path, sha256)
            except ValueError as error:
                warnings.warn(f"{error}. nnbook takes the next source.", stacklevel=3)
        cached.parent.mkdir(parents=True, exist_ok=True)
        return self._download(cached, sha256, paths)

    def _download(self, cached, sha256, paths):
        failures = []
        for url in [mirror + cached.name for mirror in self.mirrors]:
            # Under its own name only once it is whole and verified.
            with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
                part = Path(folder) / cached.name
                try:
                    _fetch(url, part)
                    content = _read_verified(part, sha256)
                except (OSError, ValueError) as error:
                    failures.append(f"{url}: {_reason(error)}")
                else:
                    part.replace(cached)
                    return content
        raise FileNotFoundError(self._advice(cached.name, paths, failures))

    def _advice(self, name, paths, failures):
        folders = " or ".join(str(path.parent) for path in paths)
        return (
            f"{self.title} is not here: no sound {name} in {folders}, and no mirror gave one "
            f"({'; '.join(failures)}). Run this once with a network{self.otherwise}."
        )


def cache_folder():
    """Return the folder that keeps downloads: ``NNBOOK_DATA``, else pooch's for nnbook.

    Notes
    -----
    Chapter: :doc:`/custom-dataset`.
    """
    if chosen := os.environ.get("NNBOOK_DATA"):
        return Path(chosen).expanduser()
    import pooch  # here, because most readers never download

    return Path(pooch.os_cache("nnbook"))


def _fetch(url, path):
    import pooch

    pooch.HTTPDownloader(progressbar=True, chunk_size=2**16, timeout=30)(url, str(path), None)


def _read_verified(path, sha256):
    raw = path.read_bytes()
    try:
        content = _unpacked(path.name, raw)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {len(raw):,} bytes, {error}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{path} is damaged: {len(content):,} bytes with SHA-256 {found}, expected {sha256}"
        )
    return content


def _unpacked(name, raw):
    return gzip.decompress(raw) if name.endswith(".gz") and not name.endswith(".tar.gz") else raw


def _reason(error):
    """One line, because requests tells half a screen of a lost connection."""
    if getattr(error, "response", None) is not None:
        return f"HTTP {error.response.status_code}"
    if isinstance(error, OSError) and error.errno is None:
        return type(error).__name__
    return str(error)


def _how_to_restore(path):
    """One command: from git in a clone of nnbook, by reinstalling elsewhere."""
    root = path.parents[3]
    relative = f"code/nnbook/data/{path.name}"
    if path == root / relative and (root / ".git").exists():
        return f'Restore it with: git -C "{root}" checkout HEAD -- {relative}'
    source = _installed_from()
    if source is None:
        return "Get nnbook again from where you have it."
    return f'Restore it with: python -m pip install --force-reinstall --no-deps "nnbook @ {source}"'


def _installed_from():
    """Return the commit that pip installed nnbook from; None where it was installed otherwise."""
    record = install_record()
    commit = record.get("vcs_info", {}).get("commit_id")
    return f"git+{record['url']}@{commit}" if commit else None
