"""Label the entries of a bibliography as the text cites them: "LeCun et al., 1998"."""

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as Plain
from pybtex.style.labels import BaseLabelStyle


class AuthorYearLabels(BaseLabelStyle):
    """Last names of up to two authors, or the first with "et al.", and the year."""

    def format_labels(self, sorted_entries):
        for entry in sorted_entries:
            names = [" ".join(person.last_names) for person in entry.persons["author"]]
            if len(names) > 2 or "others" in names:
                names = [f"{names[0]} et al."]
            yield f"{' and '.join(names)}, {entry.fields['year']}".replace("{", "").replace("}", "")


class AuthorYearStyle(Plain):
    """The plain style, with these labels."""

    default_label_style = AuthorYearLabels


def setup(app):
    """Register the style as ``bibtex_default_style: author_year``."""
    register_plugin("pybtex.style.formatting", "author_year", AuthorYearStyle)
    return {"parallel_read_safe": True}
