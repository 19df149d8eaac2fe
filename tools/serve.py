"""Serve a folder as GitHub Pages would: gzip, ETags, ten minutes of caching, and its 404 page.

Usage (`make serve` calls it so):

    python tools/serve.py _build/html 8000
"""

import gzip
import sys
import threading
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

# Written out, because http.server asks the system, and Windows may say something else.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".epub": "application/epub+zip",
    ".html": "text/html; charset=utf-8",
    ".ipynb": "application/json",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
PACKED_ALREADY = (
    ".epub",
    ".gz",
    ".inv",
    ".jpg",
    ".pdf",
    ".png",
    ".webp",
    ".woff",
    ".woff2",
    ".zip",
)


@lru_cache(maxsize=512)
def packed(path, modified):
    """Return the file compressed; `modified` makes a changed file another entry of the cache."""
    return gzip.compress(path.read_bytes(), 6, mtime=0)


class Handler(SimpleHTTPRequestHandler):
    """Answers GET and HEAD; the base class calls `send_head` for both."""

    protocol_version = "HTTP/1.1"  # one connection for many files, as a real server
    extensions_map = SimpleHTTPRequestHandler.extensions_map | TYPES

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if path.is_file():
            return self.send_file(path, 200)
        missing = Path(self.directory, "404.html")
        return self.send_file(missing, 404) if missing.exists() else self.send_error(404)

    def send_file(self, path, status):
        modified = path.stat().st_mtime_ns
        gzipped = "gzip" in self.headers.get("Accept-Encoding", "")
        gzipped = gzipped and path.suffix not in PACKED_ALREADY
        tag = f'"{modified:x}{"-gzip" * gzipped}"'
        same = status == 200 and self.headers.get("If-None-Match") == tag
        data = b"" if same else packed(path, modified) if gzipped else path.read_bytes()
        self.send_response(304 if same else status)
        self.send_header("Content-Type", self.guess_type(path))
        if gzipped:
            self.send_header("Content-Encoding", "gzip")
        if not same:
            self.send_header("Content-Length", str(len(data)))
        self.send_header("Vary", "Accept-Encoding")
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("ETag", tag)
        self.end_headers()
        return BytesIO(data)

    def log_message(self, *args):
        """Keep quiet: the caller prints what matters."""


class Server(ThreadingHTTPServer):
    """A thread for each connection."""

    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Report a fault, but not that a browser hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def open_server(folder, port=0):
    """Return a server of `folder` on this machine; port 0 takes a free one."""
    if not Path(folder).is_dir():
        raise ValueError(f"folder: {folder} is no folder; expected a built site, as of make book")
    return Server(("127.0.0.1", port), partial(Handler, directory=str(folder)))


@contextmanager
def serving(folder):
    """Serve `folder` while the block runs, and give it the site's address."""
    with open_server(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


if __name__ == "__main__":
    with open_server(sys.argv[1], int(sys.argv[2])) as server, suppress(KeyboardInterrupt):
        server.serve_forever()
