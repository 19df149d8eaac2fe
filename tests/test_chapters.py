"""The chapters keep the house's form, and chapters, package and claims know each other."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from nnbook.exercises import EXERCISES

ROOT = Path(__file__).parents[1]
BOOK, PACKAGE = ROOT / "book", ROOT / "code" / "nnbook"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PARTS = {part["caption"]: [page["file"] for page in part["chapters"]] for part in TOC["parts"]}
PAGES = [TOC["root"], *(slug for part in PARTS.values() for slug in part)]
# Pages of solved exercises have a skeleton of their own; `exercises` is their index, and the
# museum a row of riddles.
PRACTICE = [slug for slug in PARTS.get("Practice", []) if slug not in ("exercises", "bug-museum")]
# The last part is to be looked up, not read, and keeps no skeleton.
CHAPTERS = [slug for name in [*PARTS][:-1] if name != "Practice" for slug in PARTS[name]]
EXECUTED = {"file_format": "mystnb", "kernelspec": {"name": "python3", "display_name": "Python 3"}}

# Percentages in prose that no cell computes: settings, what-ifs, results from elsewhere.
TYPED_PERCENTAGES = {
    "backpropagation": {"0.1 %"},  # a planted error
    "exercises": {"0.1 %"},  # a question's what-if
    "mnist-keras": {"51 %", "99 %", "0.2 %"},  # thresholds, a sampling error in a solution
    "mnist-pytorch": {"51 %", "99 %"},
    "takeaways": {"99%", "86%", "10%"},  # a question's what-if, a share of the data
}
FILLER = re.compile(
    r"\b(simply|just|obviously|easy|easily|of course|trivial(ly)?|powerful)\b", re.I
)


# --- Reading a chapter ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    section: str
    options: dict
    code: str


class Chapter:
    """A MyST page, taken apart: front matter, code cells, other directives, and prose."""

    # Directives whose body is prose; of all others the body is left out.
    PROSE = (
        *("admonition", "exercise", "solution", "question"),
        *("dropdown", "note", "tip", "glossary"),
    )

    def __init__(self, slug):
        path = BOOK / f"{slug}.md"
        assert path.exists(), f"book/{slug}.md is in _toc.yml and missing"
        self.text = path.read_text(encoding="utf-8")
        front = re.match(r"---\n(.*?)\n---\n", self.text, re.S)
        self.front = yaml.safe_load(front[1]) if front else {}
        self.cells, self.directives, prose = [], [], []
        lines = iter(self.text[front.end() if front else 0 :].splitlines())
        for line in lines:
            fence = re.match(r"(`{3,}|:{3,})(?:\{([\w:-]+)\})?", line)
            if not fence:
                prose.append(line)
            elif fence[2]:
                self.directives.append(line[fence.end(1) :])
            if not fence or fence[2] in self.PROSE or line == fence[1]:
                continue
            body = []
            while (inner := next(lines)) != fence[1]:
                body.append(inner)
            if fence[2] == "code-cell":
                section = next((line[3:] for line in prose[::-1] if line.startswith("## ")), "")
                self.cells.append(Cell(section, *self.read_cell("\n".join(body))))
        self.prose = "\n".join(line for line in prose if not re.match(r":[\w-]+:", line))
        self.headings = re.findall(r"^(#+ .*)$", self.prose, re.M)

    @staticmethod
    def read_cell(body):
        block = re.match(r"---\n(.*?)\n---\n?", body, re.S)
        options = yaml.safe_load(block[1]) if block else {}
        short = re.match(r"(:[\w-]+:.*\n)*", body)
        return options, body[(block or short).end() :]

    @property
    def words(self):
        """The prose without mathematics, code, roles and links."""
        return re.sub(r"\$\$.*?\$\$|\$[^$]+\$|`+[^`]+`+|\]\([^)]*\)", " ", self.prose, flags=re.S)

    @property
    def sections(self):
        return [heading[3:] for heading in self.headings if heading.startswith("## ")]

    def section(self, title):
        return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", self.text, re.M | re.S)[1]


@pytest.fixture
def chapter(slug):
    return Chapter(slug)


each_page = pytest.mark.parametrize("slug", PAGES)
each_chapter = pytest.mark.parametrize("slug", CHAPTERS)
each_practice = pytest.mark.parametrize("slug", PRACTICE)
each_lesson = pytest.mark.parametrize("slug", [*CHAPTERS, *PRACTICE, "bug-museum"])


def test_every_page_is_in_the_table_of_contents_once():
    pages = {path for path in BOOK.rglob("*.md") if path.parent.name != ".ipynb_checkpoints"}
    assert sorted(PAGES) == sorted(path.stem for path in pages)


# --- The skeleton --------------------------------------------------------------------------------


@each_page
def test_front_matter_and_title(chapter):
    if chapter.cells:
        assert chapter.front == EXECUTED
    assert chapter.headings[0].startswith("# ")
    assert not any(heading.startswith("# ") for heading in chapter.headings[1:])
    assert re.match(r"\n*# ", chapter.prose), "something stands before the title"


@each_lesson
def test_says_first_what_the_reader_will_do_learn_and_need(chapter):
    before, _, after = chapter.text.partition(":::{admonition} In this chapter\n")
    assert re.search(r"\n# .*\n\n$", before), "the admonition does not follow the title"
    box = after.partition("\n:::\n")[0]
    assert box.startswith(":class: in-this-chapter\n")
    starts = [paragraph.split("**")[1] for paragraph in box.split("\n\n")[1:]]
    assert starts == ["You will do:", "You will learn:", "You need:"]


@each_page
def test_imports_stand_in_the_first_cell_and_cells_are_plain_python(chapter):
    for number, cell in enumerate(chapter.cells):
        nodes = [*ast.walk(ast.parse(cell.code))]  # neither magic nor shell commands
        imports = [n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
        assert bool(imports) == (number == 0), cell.code


LAST = ["In practice", "Exercises", "Summary", "References"]
STEPS = ["The question", "A checked start", "Solution"]
OUTCOME = ["What the numbers say", "In practice", "Summary", "References"]


@each_chapter
def test_the_last_sections_are_the_same_everywhere(chapter):
    assert [section for section in chapter.sections if section in LAST] == LAST
    assert chapter.sections[-2:] == LAST[-2:]


@each_practice
def test_a_practice_page_leads_from_a_question_to_what_the_numbers_say(chapter):
    assert chapter.sections[: len(STEPS)] == STEPS
    assert chapter.sections[-len(OUTCOME) :] == OUTCOME


@each_lesson
def test_no_section_is_empty_and_the_last_lists_the_references(chapter):
    for title in chapter.sections:
        assert chapter.section(title).strip(), f"{title} is empty"
    assert "```{bibliography}\n:filter: docname in docnames\n```" in chapter.section("References")
    assert "{py:mod}`nnbook." in chapter.section("References")


EXERCISE = re.compile(r"^`{3,}\{exercise\} .*\n:label: (ex-[\w-]+)$", re.M)
SOLUTION = re.compile(r"^`{3,}\{solution(?:-start)?\} (.*)\n:class: dropdown$", re.M)


@each_lesson
def test_every_exercise_has_a_label(chapter):
    labels = EXERCISE.findall(chapter.text)
    assert len(labels) == sum(directive.startswith("{exercise") for directive in chapter.directives)
    assert len(labels) == len({*labels})


@each_chapter
def test_a_chapter_has_two_to_six_exercises_with_folded_solutions(chapter):
    labels, solved = EXERCISE.findall(chapter.text), SOLUTION.findall(chapter.text)
    assert 2 <= len(labels) <= 6
    assert solved == labels


@each_practice
def test_a_practice_page_asks_one_question_and_runs_its_solution_in_a_fold(chapter):
    (label,) = EXERCISE.findall(chapter.section("The question"))
    starts = EXERCISE.findall(chapter.section("A checked start"))
    assert EXERCISE.findall(chapter.text) == [label, *starts]
    assert SOLUTION.findall(chapter.text) == [*starts, label]
    solution = chapter.section("Solution").partition(f"{{solution-start}} {label}\n")[2]
    assert "\n```{code-cell}" in solution.partition("\n```{solution-end}\n")[0]


def checked(code):
    """Return the names of the exercises whose answers a cell checks."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    first = [call.args[0] for call in calls if getattr(call.func, "id", "") == "check"]
    return [argument.value for argument in first if isinstance(argument, ast.Constant)]


def stubs(code):
    """Return the functions of a cell whose bodies the reader has to write."""
    functions = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    return [function.name for function in functions if ast.unparse(function.body[-1]) == "..."]


@each_practice
def test_a_practice_page_starts_with_a_function_to_be_written_and_checked(chapter):
    codes = [cell.code for cell in chapter.cells if cell.section == "A checked start"]
    assert any(checked(code) and stubs(code) for code in codes)


def checks(chapter):
    """Yield each name that a cell checks, and whether an exercise without solution precedes it."""
    cells, asked = iter(chapter.cells), False
    for directive in chapter.directives:
        if directive.startswith(("{exercise}", "{solution")):
            asked = directive.startswith("{exercise}")
        elif directive.startswith("{code-cell}"):
            yield from ((name, asked) for name in checked(next(cells).code))


@each_page
def test_every_check_names_an_exercise(chapter):
    assert {name for name, _ in checks(chapter)} <= {*EXERCISES}


def test_every_exercise_is_checked_in_the_chapter_it_names_below_its_text():
    found = [(slug, *check) for slug in PAGES for check in checks(Chapter(slug))]
    named = {(exercise.page, name) for name, exercise in EXERCISES.items()}
    assert {(slug, name) for slug, name, asked in found if asked} == named
    # The index of the exercises shows how some of them are checked.
    assert {(slug, name) for slug, name, _ in found if slug != "exercises"} == named


@each_lesson
def test_asks_two_to_five_questions(chapter):
    assert 2 <= chapter.directives.count("{question}") <= 5


def test_the_two_mnist_chapters_have_the_same_headings():
    keras, pytorch = Chapter("mnist-keras").headings, Chapter("mnist-pytorch").headings
    assert keras[1:] == pytorch[1:]


@pytest.mark.parametrize("slug", ["mnist-keras", "mnist-pytorch"])
def test_how_to_get_a_gpu_on_colab_follows_the_device_that_a_cell_prints(chapter):
    _, cell, after = chapter.text.partition("\nprint(choose_device())\n```\n")
    assert cell
    section = after.partition("\n#")[0]
    assert "on Colab" in section
    assert "Change runtime type" in section


# --- Figures -------------------------------------------------------------------------------------

DRAWS = re.compile(r"^(?!def ).*\b(plt\.(subplots|figure|plot)|plot_\w+|visualize_\w+)\(", re.M)


@each_page
def test_every_figure_has_a_name_a_caption_and_a_description(chapter):
    drawn = [cell for cell in chapter.cells if DRAWS.search(cell.code)]
    named = [cell for cell in chapter.cells if "figure" in cell.options.get("mystnb", {})]
    assert drawn == named
    for cell in named:
        figure, image = cell.options["mystnb"]["figure"], cell.options["mystnb"]["image"]
        assert figure["name"].startswith("fig-")
        assert len(figure["caption"]) > 20
        assert len(image["alt"]) > 60
    if named:
        assert "use_style()" in chapter.cells[0].code.splitlines()


@each_page
def test_images_from_files_are_described(chapter):
    assert not re.search(r"!\[\s*\]\(", chapter.prose)
    for kind in ("image", "figure"):
        for body in re.findall(rf"^`{{3,}}\{{{kind}\}}.*?^`{{3,}}$", chapter.text, re.M | re.S):
            assert re.search(r"^:alt: \S", body, re.M), body


def test_figure_names_are_unique():
    names = [
        cell.options["mystnb"]["figure"]["name"]
        for slug in PAGES
        for cell in Chapter(slug).cells
        if "figure" in cell.options.get("mystnb", {})
    ]
    assert len(names) == len({*names})


# --- Numbers -------------------------------------------------------------------------------------


def claims():
    return yaml.safe_load((BOOK / "claims.yml").read_text(encoding="utf-8")) or {}


def glued_names(chapter):
    """Return a regular expression for each name that the cells glue; f-strings have gaps."""
    patterns = []
    for node in (n for cell in chapter.cells for n in ast.walk(ast.parse(cell.code))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "glue":
            name = node.args[0]
            parts = name.values if isinstance(name, ast.JoinedStr) else [name]
            patterns.append(
                "".join(re.escape(p.value) if isinstance(p, ast.Constant) else ".+" for p in parts)
            )
    return patterns


@each_page
def test_every_glued_number_is_quoted_or_claimed_and_the_other_way_round(chapter, slug):
    glued = glued_names(chapter)
    assert len(glued) == len({*glued}), "a name is glued twice"
    claimed = {name for name, claim in claims().items() if claim["chapter"] == slug}
    quoted = {*re.findall(r"\{glue:\w*\}`([\w-]+)", chapter.prose)}
    for name in quoted | claimed:
        assert any(re.fullmatch(pattern, name) for pattern in glued), f"{name} is not glued"
    for pattern in glued:
        assert any(re.fullmatch(pattern, n) for n in quoted | claimed), f"{pattern} is not used"


@pytest.mark.parametrize("name", claims())
def test_claims_are_well_formed(name):
    claim = claims()[name]
    low, high = map(float, claim["range"])
    assert {*claim} == {"chapter", "means", "value", "range", "seeds"}
    assert claim["chapter"] in PAGES
    assert claim["means"]
    assert low <= float(claim["value"]) <= high
    assert isinstance(claim["seeds"], int)
    assert claim["seeds"] >= 1


@each_page
def test_no_percentage_in_the_prose_is_typed(chapter, slug):
    found = {*re.findall(r"\d[\d.,]* ?%", chapter.words)}
    assert found <= TYPED_PERCENTAGES.get(slug, set())


# --- Words and code ------------------------------------------------------------------------------


@each_page
def test_no_filler_and_no_exclamation(chapter):
    assert not [match[0] for match in FILLER.finditer(chapter.words)]
    assert "!" not in chapter.words


@each_page
def test_randomness_is_passed_in(chapter):
    for cell in chapter.cells:
        if "fork_rng" not in cell.code:  # which puts PyTorch's global generator back
            assert not re.search(r"\b(seed|manual_seed|set_random_seed)\(", cell.code), cell.code


def public(module):
    """Return the public functions and classes that a file of the package defines."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.ClassDef
    return [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


# The checks at the door, what serves the site, and the exercises' answers: known by other means.
UNTAUGHT = {
    *("__init__", "__main__", "validation", "origin", "figure_output", "figure_data"),
    *("solutions", "catalogue"),
}
MODULES = [p for p in PACKAGE.rglob("*.py") if not UNTAUGHT & {p.stem, p.parent.name}]


@each_page
def test_no_chapter_retypes_what_the_package_defines(chapter):
    names = {node.name for path in MODULES for node in public(path)} - {"fit"}  # a common word
    for cell in chapter.cells:
        kinds = ast.FunctionDef | ast.ClassDef
        nodes = ast.walk(ast.parse(cell.code))
        assert not names & {node.name for node in nodes if isinstance(node, kinds)}


# --- Package and chapters name each other --------------------------------------------------------


def dotted(path):
    return ".".join(("nnbook", *path.relative_to(PACKAGE).with_suffix("").parts))


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_docstrings_and_chapters_link_each_other(path):
    module = ast.parse(path.read_text(encoding="utf-8"))
    methods = [
        node
        for owner in public(path)
        for node in ast.walk(owner)
        if isinstance(node, ast.FunctionDef) and "Chapter" in (ast.get_docstring(node) or "")
    ]
    named = set()
    for node in [module, *public(path), *methods]:
        _, _, note = (ast.get_docstring(node) or "").rpartition("Chapter")
        slugs = re.findall(r":doc:`/([\w-]+)`", note)
        assert slugs, f"{getattr(node, 'name', 'the module')} names no chapter"
        named |= {*slugs}
    for slug in named:
        assert slug in PAGES
        assert dotted(path) in Chapter(slug).text, f"{slug} never mentions {dotted(path)}"


def test_the_api_page_holds_every_module():
    documented = re.findall(r"automodule:: (\S+)", Chapter("api").text)
    assert sorted(documented) == sorted(map(dotted, MODULES))
