# Everything people and CI do with the book. `make help` lists the targets.
# Works with GNU make 3.81, which macOS brings along.

# Settings: make test JOBS=4 ARGS="-k losses", make serve PORT=9000, make env PYTHON=python3.12
PYTHON ?=
GPU ?=
PORT ?= 8000
JOBS ?= 2
ARGS ?=
NAME ?=

# Tools run as `python -m`, so that they still work after the folder was moved.
BIN := .venv/bin
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
endif
PY := $(BIN)/python
BUILD := $(PY) -c "from jupyter_book.cli.main import main; main()" build
CONFIG := --config "$(CURDIR)/_config.yml"
SITE := _build/html

# Only the packages of .venv, and its kernel before one of the same name in the home folder.
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE := 1
export PYTHONUNBUFFERED := 1
export JUPYTER_PREFER_ENV_PATH := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1
export PYTHON GPU

# Two builds at once would write the same files.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help env book pdf epub zip notebooks wheel check-notebooks site test bench sweep lint serve chapter lab links audit clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s%s\n", $$1, $$2}' Makefile

env: ## install all that building, testing and linting need into .venv (GPU=1: CUDA builds)
	@for python in "$$PYTHON" python3 python python3.13 python3.12 python3.11 py; do \
		if [ -n "$$python" ] && "$$python" -c "" >/dev/null 2>&1; then \
			exec "$$python" tools/env.py; \
		fi; \
	done; \
	echo "No Python runs here. nnbook needs Python 3.11, 3.12 or 3.13 with venv."; \
	echo "  Debian, Ubuntu   sudo apt install python3 python3-venv"; \
	echo "  macOS            brew install python@3.13, or the installer of python.org"; \
	echo "  Windows          the installer of python.org"; \
	exit 1

# Sphinx reports a page's warnings only when it reads the page. After a build that failed or was
# broken off, all pages are therefore read again; the cache of executed cells stays.
book: env ## build the whole book, strictly, into _build/html
	@mkdir -p _build; [ ! -e _build/.unfinished ] || rm -rf _build/.doctrees; touch _build/.unfinished
	$(BUILD) book --toc "$(CURDIR)/_toc.yml" $(CONFIG) --path-output "$(CURDIR)" -n -W --keep-going
	@rm _build/.unfinished
	@echo "The book is built. Open $(SITE)/intro.html, or run: make serve"

# The landing page lists the PDF and the EPUB that stand in _build when it is written.
pdf: book ## print the book into _build/nnbook.pdf (needs Chromium or Chrome)
	$(PY) tools/make_pdf.py

epub: book ## write the book for readers of e-books into _build/nnbook.epub
	@rm -rf _build/epub
	$(BUILD) book --toc "$(CURDIR)/_toc.yml" $(CONFIG) --path-output "$(CURDIR)" -n -W --keep-going \
		--builder custom --custom-builder epub
	@cp _build/epub/nnbook.epub _build/nnbook.epub

zip: pdf epub notebooks ## bundle site, PDF, EPUB and notebooks for offline use into _build/nnbook.zip
	@$(MAKE) book
	$(PY) tools/make_zip.py

# The pages are read and executed already; what is left is writing them in another form.
notebooks: book ## write the chapters as notebooks without outputs into _build/notebooks
	$(BUILD) book --toc "$(CURDIR)/_toc.yml" $(CONFIG) --path-output "$(CURDIR)" -n -W --keep-going \
		--builder custom --custom-builder notebooks

# Without the folder that setuptools leaves: it may hold modules that are gone.
wheel: env ## build the package's wheel into _build/dist
	rm -rf build _build/dist
	$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir _build/dist .
	rm -rf build

check-notebooks: notebooks wheel ## run the notebooks outside the repository (NAME="neuron intro": these)
	$(PY) tools/notebooks.py $(ARGS) $(NAME)

# The landing page names the bundle only once there is one.
site: notebooks wheel ## lay out in _build/site what is published
	@[ ! -e _build/nnbook.zip ] || $(MAKE) book
	$(PY) tools/make_site.py

test: env ## run all tests (JOBS=processes, ARGS="-k losses" or any other option of pytest)
	$(PY) -m pytest -n $(JOBS) --dist loadfile $(ARGS)

bench: env ## measure what the chapters on speed and many machines print (ARGS=--quick: try it)
	for script in epoch scaling latency tricks data_parallel devices; do \
		$(PY) benchmarks/$$script.py $(ARGS) || exit 1; \
	done

sweep: env ## run a grid of trainings, or go on with it: make sweep NAME=dropout
	@[ -e "sweeps/$(NAME).yml" ] || { echo "Which grid? make sweep NAME=<one of these>:"; \
		ls sweeps | sed -n 's/\.yml$$/ /p' | tr -d '\n'; echo; exit 1; }
	$(PY) -m nnbook.sweep --grid sweeps/$(NAME).yml $(ARGS)

lint: env ## check style, spelling and the workflows, offline
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m codespell_lib
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor --offline --quiet .github

serve: ## show the built book on http://localhost:8000 (PORT=9000 for another port)
	@[ -e $(SITE)/intro.html ] || { echo "There is no book in $(SITE) yet. First run: make book"; exit 1; }
	@echo "The book is on http://localhost:$(PORT). Ctrl-C ends."
	@$(PY) tools/serve.py $(SITE) $(PORT)

chapter: env ## build one chapter while you write it: make chapter NAME=activations
	@[ -e "book/$(NAME).md" ] || { echo "Which chapter? make chapter NAME=<one of these>:"; \
		ls book | sed -n 's/\.md$$/ /p' | tr -d '\n'; echo; exit 1; }
	$(BUILD) "book/$(NAME).md" $(CONFIG) --path-output "$(CURDIR)"
	@echo "Links to other chapters cannot be resolved here; make book checks them."
	@echo "The chapter is built. Open _build/_page/book-$(NAME)/html/$(NAME).html"

# The settings open a chapter as a notebook, and save it only when you do.
lab: env ## open the chapters as notebooks in JupyterLab
	$(PY) -m jupyterlab --notebook-dir=book --LabApp.app_settings_dir=tools/jupyterlab $(ARGS)

links: env ## check that every link of the book still leads somewhere (needs the network)
	$(BUILD) book --toc "$(CURDIR)/_toc.yml" $(CONFIG) --path-output "$(CURDIR)/_build/links" \
		--builder linkcheck

audit: env ## check every page: axe, HTML, bytes, Lighthouse (NAME=neuron: this one; ARGS="--runs 1")
	@[ -e $(SITE)/intro.html ] || { echo "There is no book in $(SITE) yet. First run: make book"; exit 1; }
	$(PY) tools/audit $(NAME) $(ARGS)

clean: ## remove what was built, the cache included; .venv stays
	rm -rf _build .pytest_cache .ruff_cache .hypothesis .coverage build dist
