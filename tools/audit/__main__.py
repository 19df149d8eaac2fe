"""Audit every page of the built site: axe, valid HTML, first load, Lighthouse; and the EPUB.

    make audit                                    # all of it, median of three runs of Lighthouse
    make audit NAME="neuron intro"                # these pages
    make audit ARGS="--runs 1"                    # one run of Lighthouse instead of three
    make audit ARGS="--only axe html"             # these parts of it

The tables also go to _build/audit/report.md, and all that was found to report.json. It fails where
a page has a barrier that axe finds, invalid HTML that known.yml does not explain, or a request to
another host, or where epubcheck has a message on the EPUB of `make epub`. Missed goals are only
listed.
"""

import argparse
import json
import re
import sys
from collections import Counter
from itertools import chain
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from audit import epub, npm
from audit.axe import every_look
from audit.load import first_load
from browser import chromium, find_chromium
from serve import serving

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
REPORT = npm.FOLDER / "report.json"
EPUB = ROOT / "_build" / "nnbook.epub"
PARTS = ("axe", "html", "load", "lighthouse", "epub")
GOALS = {"accessibility": 100, "best-practices": 100, "seo": 100}
PERFORMANCE = {"desktop": 95, "mobile": 85}
FIRST_LOAD = 600_000


def pages(names):
    """Return the pages of the site by name, without those that only lead to another."""
    found = {
        path.relative_to(SITE).with_suffix("").as_posix(): path
        for path in sorted(SITE.rglob("*.html"))
        if "_static" not in path.parts
        and 'http-equiv="refresh"' not in path.read_text(encoding="utf-8")[:1000].lower()
    }
    if missing := set(names) - set(found):
        raise SystemExit(f"NAME: {' '.join(sorted(missing))}; expected some of {' '.join(found)}")
    return {name: found[name] for name in names or found}


def audit_axe(browser, url):
    """Return what axe finds in each look."""
    page = browser.new_page()
    looks = [
        {"mode": mode, "width": width, "violations": found}
        for mode, width, found in every_look(page, url)
    ]
    page.close()
    return looks


def audit_html(paths):
    """Return the checker's messages by page and kind; known are errors that known.yml explains."""
    known = yaml.safe_load((Path(__file__).parent / "known.yml").read_text("utf-8")) or []
    found = {path.as_uri(): {"errors": [], "known": [], "warnings": []} for path in paths.values()}
    for message in npm.check_html(paths.values()):
        page = found[message["url"].replace("file:/", "file:///", 1)]
        text = f"line {message.get('lastLine')}: {message['message']}"
        reasons = [entry["reason"] for entry in known if re.search(entry["message"], text)]
        kind = "warnings" if message["type"] == "info" else "known" if reasons else "errors"
        page[kind].append(" ".join([text, *(f"({reason})" for reason in reasons)]))
    return dict(zip(paths, found.values(), strict=True))


def table(header, rows):
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def summarise(name, page):
    """Return the cells of the page's row, the broken musts and the missed goals."""
    cells, musts, goals = [name], [], []
    if "axe" in page:
        rules = Counter(
            f"{one['rule']} ({look['mode']}, {look['width']})"
            for look in page["axe"]
            for one in look["violations"]
        )
        musts += [f"axe, {count} × {rule}" for rule, count in rules.items()]
        cells.append(rules.total())
    if "html" in page:
        musts += [f"HTML, {error}" for error in page["html"]["errors"]]
        cells += [len(page["html"][kind]) for kind in ("errors", "known", "warnings")]
    if "load" in page:
        size, elsewhere = page["load"]["bytes"], page["load"]["elsewhere"]
        musts += [f"asks another host for {url}" for url in elsewhere]
        goals += [f"first load of {size / 1000:.0f} kB"] * (size > FIRST_LOAD)
        cells += [f"{size / 1000:.0f}", page["load"]["requests"], len(elsewhere)]
    for form_factor, scores in page.get("lighthouse", {}).items():
        goals += missed(form_factor, scores)
        cells.append(" / ".join(str(scores[category]) for category in npm.CATEGORIES))
    return cells, [f"{name}: {must}" for must in musts], [f"{name}: {goal}" for goal in goals]


def missed(form_factor, scores):
    """Return the goals that Lighthouse's scores miss, with what costs points."""
    wanted = {"performance": PERFORMANCE[form_factor], **GOALS}
    return [
        f"{form_factor}, {category} {scores[category]} instead of {goal} ({scores['costs']})"
        for category, goal in wanted.items()
        if scores[category] < goal
    ]


def headings(parts):
    """Return the columns of the table for the parts that ran."""
    columns = {
        "axe": ["axe"],
        "html": ["HTML errors", "known", "warnings"],
        "load": ["first load, kB", "requests", "other hosts"],
        "lighthouse": [f"Lighthouse {form_factor}" for form_factor in npm.FORM_FACTORS],
    }
    return ["page", *(column for part in columns if part in parts for column in columns[part])]


def listed(title, lines):
    return "\n".join([f"\n{title}: {len(lines)}\n", *(f"- {line}" for line in lines)])


def audit(browser, url, options):
    """Return what the parts that need a browser find on the page."""
    found = {}
    if "axe" in options.only:
        found["axe"] = audit_axe(browser, url)
    if "load" in options.only:
        found["load"] = first_load(browser, url)
    if "lighthouse" in options.only:
        found["lighthouse"] = {
            form_factor: npm.lighthouse(url, form_factor, find_chromium(), options.runs)
            for form_factor in npm.FORM_FACTORS
        }
    return found


def run(options):
    """Audit the pages and return what was found, by page and part."""
    paths = pages(options.names)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    if {"html", "lighthouse"} & set(options.only):
        npm.install()
    found = audit_html(paths) if "html" in options.only else {}
    report = {name: {"html": found[name]} if found else {} for name in paths}
    with serving(SITE) as base, chromium() as browser:
        for name, page in report.items():
            print(name, file=sys.stderr)
            page |= audit(browser, f"{base}/{name}.html", options)
            REPORT.write_text(json.dumps(report, indent=1), encoding="utf-8")  # hours may follow
    return report


def main():
    """Audit, write the report, and return 1 where a must is broken."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="pages, such as neuron (all)")
    parser.add_argument("--runs", type=int, default=3, help="runs of Lighthouse (3)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts (all)")
    options = parser.parse_args()
    report = run(options)
    rows, musts, goals = zip(*(summarise(*page) for page in report.items()), strict=True)
    musts, goals = list(chain(*musts)), list(chain(*goals))
    if "epub" in options.only and EPUB.exists():
        musts += [f"{EPUB.name}: {message}" for message in epub.check(EPUB)]
    lists = [listed("Musts broken", musts), listed("Goals missed", goals)]
    text = "\n".join([table(headings(options.only), rows), *lists])
    (npm.FOLDER / "report.md").write_text(f"{text}\n", encoding="utf-8")
    print(text)
    return bool(musts)


if __name__ == "__main__":
    sys.exit(main())
