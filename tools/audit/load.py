"""What the first visit to a page transfers, and from where."""

from urllib.parse import urlsplit


def first_load(browser, url):
    """Return the compressed bytes and the requests of a visit with an empty cache."""
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    page = context.new_page()
    sizes, requests = [], []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url, wait_until="networkidle")
    context.close()
    return {
        "bytes": round(sum(sizes)),
        "requests": len(requests),
        "elsewhere": [address for address in requests if leaves(address, url)],
    }


def leaves(address, url):
    """Tell whether `address` is on another host than the page at `url`."""
    there, here = urlsplit(address), urlsplit(url)
    return there.scheme not in ("data", "blob") and there.netloc != here.netloc
