"""Reading a grid file, and refusing a malformed one with its line.

A grid file says in YAML what is fixed, what varies, and from which seeds::

    # Which learning rate is best?
    fixed:
      optimizer: sgd
    grid:
      learning_rate: [0.01, 0.1, 1]
      batch_size: [64, 128]
    seeds: [0, 1, 2, 3, 4]

Under `grid` every combination is a run from each seed, here 3 × 2 × 5. A list of blocks there
gives those of the first block, then those of the next.

Chapter: :doc:`/exercises`.
"""

import re
from itertools import chain

import yaml
from sklearn.model_selection import ParameterGrid

from nnbook.sweep.settings import SETTINGS, SettingError, check_setting, complete

LIMIT = 10_000  # runs; more are a slip of the pen
SECTIONS = ("fixed", "grid", "seeds")


class GridError(ValueError):
    """A grid file that cannot be used; the message begins with file and line.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which builds nothing but data, with YAML 1.2's floats.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """


# To PyYAML, which reads YAML 1.1, 1e-3 is a word.
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def read_grid(path):
    """Return the complete settings of every run that a grid file names.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    list of dict
        In the order of the file, seeds last; a run that two blocks name stands there once.

    Raises
    ------
    GridError
        If the file cannot be read, is no YAML, or asks for what there is not.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """
    return GridFile(path).runs()


class GridFile:
    """A grid file while it is read.

    Parameters
    ----------
    path : str or Path
        The file.

    Notes
    -----
    Chapter: :doc:`/exercises`.
    """

    def __init__(self, path):
        self.path = path
        self.text = self._read()
        try:
            self.loader = Loader(self.text)
            self.root = self.loader.get_single_node()
        except yaml.YAMLError as error:
            self._refuse_yaml(error)

    def runs(self):
        """Return what :func:`read_grid` returns."""
        sections = self._mapping(self.root, "the file")
        for name, (line, _) in sections.items():
            if name not in SECTIONS:
                self.refuse(line, f"{name!r} is no section, expected {', '.join(SECTIONS)}")
        for name in ("grid", "seeds"):
            if name not in sections:
                self.refuse(1, f"{name} is missing")
        fixed = self._fixed(sections["fixed"][1]) if "fixed" in sections else {}
        seeds = self._values("seed", *sections["seeds"], called="seeds")
        blocks = self._blocks(*sections["grid"])
        named = chain.from_iterable(self._expand(fixed, block, seeds) for block in blocks)
        return [*{str(settings): settings for settings in named}.values()]

    # --- The parts of the file ---

    def _fixed(self, node):
        settings = self._settings(node, "fixed").items()
        return {name: (line, [self._value(name, node)]) for name, (line, node) in settings}

    def _blocks(self, line, node):
        nodes = node.value if _is_list(node) else [node]
        if not nodes:
            self.refuse(line, "grid is an empty list, expected at least one block")
        return [self._block(node) for node in nodes]

    def _block(self, node):
        settings = self._settings(node, "grid").items()
        return {name: (line, self._values(name, line, node)) for name, (line, node) in settings}

    def _expand(self, fixed, block, seeds):
        for name in fixed.keys() & block.keys():
            line = block[name][0]
            self.refuse(line, f"{name} is varied, but fixed in line {fixed[name][0]}")
        together = fixed | block
        grid = ParameterGrid({name: values for name, (_, values) in together.items()})
        if (count := len(grid) * len(seeds)) > LIMIT:
            line = min(line for line, _ in block.values())
            self.refuse(line, f"a block of {count:,} runs begins, expected at most {LIMIT:,}")
        for settings in grid:
            try:
                settings = complete(settings)
            except SettingError as error:
                self.refuse(together[error.setting][0], str(error))
            yield from ({**settings, "seed": seed} for seed in seeds)

    # --- Nodes ---

    def _settings(self, node, where):
        settings = self._mapping(node, where)
        for name, (line, _) in settings.items():
            if name == "seed":
                self.refuse(line, f"seed stands under {where}, expected the section seeds")
            if name not in SETTINGS:
                self.refuse(line, f"{name!r} is no setting, expected one of {', '.join(SETTINGS)}")
        return settings

    def _mapping(self, node, where):
        """Return the keys of a mapping with the line and the node of each."""
        if getattr(node, "tag", None) != Loader.DEFAULT_MAPPING_TAG:
            line = 1 if node is None else _line(node)
            self.refuse(line, f"{where} is {self._described(node)}, expected a mapping")
        found = {}
        for key, value in node.value:
            name = self._construct(key)
            if not isinstance(name, str):
                self.refuse(_line(key), f"{name!r} is a key, expected a word")
            if name in found:
                self.refuse(_line(key), f"{name} stands in line {found[name][0]} already")
            found[name] = _line(key), value
        return found

    def _values(self, name, line, node, called=None):
        """Return the checked values of a list."""
        if not _is_list(node):
            described = self._described(node)
            self.refuse(line, f"{called or name} is {described}, expected a list of values")
        if not node.value:
            self.refuse(line, f"{called or name} is an empty list, expected at least one value")
        return [self._value(name, child) for child in node.value]

    def _value(self, name, node):
        try:
            return check_setting(name, self._construct(node))
        except SettingError as error:
            self.refuse(_line(node), str(error))

    def _construct(self, node):
        try:
            return self.loader.construct_object(node, deep=True)
        except yaml.YAMLError as error:
            self._refuse_yaml(error)
        except ValueError as error:  # such as the date 2026-13-01
            self.refuse(_line(node), str(error))

    def _described(self, node):
        if node is None:
            return "empty"
        value = self._construct(node)  # refuses what has a tag of its own
        return "a mapping" if isinstance(value, dict) else repr(value)

    # --- Refusing ---

    def _read(self):
        try:
            with open(self.path, "rb") as file:
                raw = file.read()
            return raw.decode("utf-8")
        except OSError as error:
            raise GridError(f"{self.path}: {error.strerror}") from None
        except UnicodeDecodeError as error:
            self.refuse(1 + raw[: error.start].count(b"\n"), "expected text in UTF-8")

    def _refuse_yaml(self, error):
        if mark := getattr(error, "problem_mark", None):
            self.refuse(mark.line + 1, f"no YAML, {error.problem}")
        line = 1 + self.text[: error.position].count("\n")
        self.refuse(line, f"no YAML, {error.reason}")  # such as a control character

    def refuse(self, line, message):
        """Raise GridError for a line of the file."""
        raise GridError(f"{self.path}, line {line}: {message}") from None


def _is_list(node):
    return getattr(node, "tag", None) == Loader.DEFAULT_SEQUENCE_TAG


def _line(node):
    return node.start_mark.line + 1
