"""Where pip installed this package from, for messages that say where to get it or to read on."""


def install_record():
    """Return pip's record of the address that nnbook was installed from; empty where it has none.

    The form is that of PEP 610: ``url``, and ``vcs_info`` with the commit.
    """
    import json  # here, because both are slow to import and seldom needed
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return json.loads(distribution("nnbook").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return {}
