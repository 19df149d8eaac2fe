"""The server that the tests and the audit of the site use, as a browser sees it."""

import gzip
import urllib.error
import urllib.request

import pytest
from serve import serving

PAGE = "<!DOCTYPE html><title>Page</title>" + "text " * 500


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "part").mkdir()
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "part" / "script.mjs").write_text("export default 1", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder.parent / "secret.html").write_text("secret", encoding="utf-8")
    with serving(folder) as address:
        yield address


def get(url, **headers):
    """Return the answer, also where it is an error; use it in a ``with`` block."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)
    except urllib.error.HTTPError as error:
        return error


def test_text_is_compressed_where_the_browser_asks(address):
    with get(address, Accept_Encoding="gzip, br") as packed, get(address) as plain:
        data = packed.read()

        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) == len(data) < len(PAGE) / 2
        assert gzip.decompress(data) == plain.read() == PAGE.encode()
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["ETag"] != plain.headers["ETag"]


def test_picture_is_not_compressed_again(address):
    with get(f"{address}/picture.png", Accept_Encoding="gzip") as answer:
        assert answer.read() == b"\x89PNG"
        assert answer.headers["Content-Type"] == "image/png"


def test_scripts_have_their_type(address):
    with get(f"{address}/part/script.mjs?v=1#a") as answer:
        assert answer.headers["Content-Type"].startswith("text/javascript")


def test_what_the_browser_has_is_not_sent_again(address):
    with get(address) as first:
        tag = first.headers["ETag"]

    with get(address, If_None_Match=tag) as second:
        assert second.status == 304
        assert second.read() == b""


@pytest.mark.parametrize("path", ["none.html", "part", "../secret.html", "%2e%2e/secret.html"])
def test_what_is_not_there_is_a_404(address, path):
    with get(f"{address}/{path}") as answer:
        assert answer.status == 404


def test_404_page_is_sent_with_its_status(tmp_path):
    (tmp_path / "404.html").write_text("not here", encoding="utf-8")

    with serving(tmp_path) as address, get(f"{address}/none.html") as answer:
        assert answer.status == 404
        assert answer.read() == b"not here"


def test_folder_has_to_exist(tmp_path):
    with (
        pytest.raises(ValueError, match=r"folder: .*none is no folder; expected a built site"),
        serving(tmp_path / "none"),
    ):
        pass
