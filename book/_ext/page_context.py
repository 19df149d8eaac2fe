"""Take from every page what this book does not use.

sphinx-thebe puts its loader on each page even when live code is off, twice, so the browser
reports an error.
"""


def drop_thebe(app, pagename, templatename, context, doctree):
    """Remove the scripts and the style sheet of thebe from the page."""

    def unwanted(file):
        return "thebe" in f"{file.filename} {getattr(file, 'attributes', {}).get('body', '')}"

    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not unwanted(file)]


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True}
