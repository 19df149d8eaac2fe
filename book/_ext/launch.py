"""The repository's address, and what depends on it: links, launch buttons, the first cell.

The address stands in ``_config.yml`` as ``repository: url``. GITHUB_REPOSITORY, which GitHub sets
in its workflows, overrides it. So what a fork publishes leads to the fork, with nothing to edit.
"""

import os
import re

from notebook_builder import has_notebook
from sphinx.errors import ExtensionError

BRANCH = "gh-pages"  # Colab and Binder open notebooks from a branch
ADDRESS = re.compile(r"https://github\.com/(.*?)(?:\.git)?/?")
NAMES = re.compile(r"(?P<owner>\w[\w-]*)/(?P<name>(?!\.\.?$)[\w.-]+)", re.ASCII)
SHA = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")

EXPLANATION = (
    "The next cell installs the book's package `nnbook` where it is missing, as on Colab, and "
    "leaves all other packages as they are. Where `nnbook` is there already, it does nothing."
)
INSTALL = """\
from importlib.util import find_spec

if find_spec("nnbook") is None:
    %pip install --quiet "nnbook @ git+{address}"\
"""


def repository(url, environment):
    """Return owner and name of the repository on GitHub."""
    if given := environment.get("GITHUB_REPOSITORY"):
        told = f"GITHUB_REPOSITORY is {given!r}, expected owner/name"
    else:
        found = ADDRESS.fullmatch(url)
        given = found[1] if found else ""
        told = f"repository.url is {url!r}, expected https://github.com/owner/name"
    found = NAMES.fullmatch(given)
    if found is None:
        raise ExtensionError(told)
    return found["owner"], found["name"]


def address(owner, name):
    """Return the repository's address."""
    return f"https://github.com/{owner}/{name}"


def site(owner, name):
    """Return the address under which GitHub Pages publishes the repository."""
    host = f"{owner}.github.io".lower()
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def launch_addresses(owner, name, page):
    """Return where Colab and Binder open the page's notebook, by the service's name."""
    notebook = f"notebooks/{page}.ipynb"
    return {
        "Colab": f"https://colab.research.google.com/github/{owner}/{name}/blob/{BRANCH}/{notebook}",
        "Binder": f"https://mybinder.org/v2/gh/{owner}/{name}/{BRANCH}?urlpath=lab/tree/{notebook}",
    }


def install_cell(owner, name, environment):
    """Return the source of the cell that installs nnbook, in the commit that is being built."""
    commit = environment.get("GITHUB_SHA")
    if commit and not SHA.fullmatch(commit):
        raise ExtensionError(f"GITHUB_SHA is {commit!r}, expected the full hash of a commit")
    return INSTALL.format(address=address(owner, name) + (f"@{commit}" if commit else ""))


def configure(app, config):
    """Put the address where the theme and the notebooks take it from."""
    owner, name = repository(config.html_theme_options.get("repository_url", ""), os.environ)
    config.html_theme_options["repository_url"] = address(owner, name)
    if os.environ.get("GITHUB_REPOSITORY") and not config.html_baseurl:
        config.html_baseurl = site(owner, name)
    code = install_cell(owner, name, os.environ)
    config.notebook_first_cells = [("markdown", EXPLANATION), ("code", code)]


def add_launch_buttons(app, pagename, templatename, context, doctree):
    """Put a group of buttons before the theme's own, on each page that has a notebook."""
    if app.builder.name != "html" or not has_notebook(app.env, pagename):
        return
    owner, name = repository(app.config.html_theme_options["repository_url"], {})
    logos = {"Colab": "_static/images/logo_colab.png", "Binder": "_static/images/logo_binder.svg"}
    buttons = [
        {
            "type": "link",
            "url": url,
            "text": service,
            "tooltip": f"Run this page on {service}",
            "icon": logos[service],  # the theme's; they come with the site
        }
        for service, url in launch_addresses(owner, name, pagename).items()
    ]
    group = {"type": "group", "label": "launch-buttons", "icon": "fas fa-rocket"}
    context["header_buttons"].insert(0, group | {"tooltip": "Run this page", "buttons": buttons})


def setup(app):
    """Register the extension with Sphinx."""
    app.setup_extension("notebook_builder")
    app.connect("config-inited", configure, priority=100)
    app.connect("html-page-context", add_launch_buttons, priority=502)  # the theme's have 501
    return {"parallel_read_safe": True}
