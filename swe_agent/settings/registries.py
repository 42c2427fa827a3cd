"""Which variables of the host lead to its package indexes and proxies, and the logins in them.

They are shown to set-up alone: no image, sandbox, event or log has them.
"""

import os
import re
from collections.abc import Mapping

from swe_agent.settings.address import discreet, secrets_in

_PROXIES = re.compile(r"(?i)(https?|all|no)_proxy")
_INDEXES = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST)"
    r"|UV_(INDEX|INDEX_URL|EXTRA_INDEX_URL|DEFAULT_INDEX|INSECURE_HOST|INDEX_\w+_(USERNAME|PASSWORD))"
    r"|POETRY_HTTP_BASIC_\w+"
    r"|(?i:npm_config_registry)|YARN_NPM_REGISTRY_SERVER|YARN_REGISTRY|COREPACK_NPM_REGISTRY"
    r"|GO(PROXY|PRIVATE|NOPROXY|SUMDB|NOSUMDB|INSECURE)"
    r"|CARGO_REGISTR(Y|IES_\w+)_(INDEX|TOKEN|DEFAULT|PROTOCOL)|CARGO_REGISTRY_DEFAULT"
    r"|BUNDLE_MIRROR__\w+"
)
_SECRET = re.compile(r"TOKEN$|PASSWORD$|^POETRY_HTTP_BASIC_")
_HERE = re.compile(r"(?://|@)(localhost|127\.|\[::1\])")


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """What set-up may see of the host's environment: nothing that points to the host itself.

    >>> passed_on({"HTTP_PROXY": "http://localhost:1", "PIP_INDEX_URL": "https://a/s", "HOME": "x"})
    {'PIP_INDEX_URL': 'https://a/s'}
    """
    return {
        name: value
        for name, value in environ.items()
        if (_PROXIES.fullmatch(name) or _INDEXES.fullmatch(name))
        and value
        and not _HERE.search(value)
    }


def indexes_in(passed: Mapping[str, str]) -> dict[str, str]:
    """Those that are no proxies."""
    return {name: value for name, value in passed.items() if not _PROXIES.fullmatch(name)}


def open_proxies_in(passed: Mapping[str, str]) -> dict[str, str]:
    """Those that are proxies and hold no login.

    >>> open_proxies_in({"https_proxy": "http://p:1", "HTTP_PROXY": "http://me:pw@p:1"})
    {'https_proxy': 'http://p:1'}
    """
    found = {name: value for name, value in passed.items() if _PROXIES.fullmatch(name)}
    return {name: value for name, value in found.items() if not secrets_in(value)}


def logins_in(passed: Mapping[str, str]) -> tuple[str, ...]:
    """Passwords and tokens in such variables.

    >>> logins_in({"GOPROXY": "https://me:pw@a,https://b", "UV_INDEX_X_PASSWORD": "s"})
    ('pw', 's')
    """
    found: list[str] = []
    for name, value in passed.items():
        found += [value] if _SECRET.search(name) else secrets_in(value)
    return tuple(dict.fromkeys(found))


def without_logins(text: str, passed: Mapping[str, str]) -> str:
    """The text as it may be shown.

    >>> without_logins("GET https://me:pw@a/six: pw", {"PIP_INDEX_URL": "https://me:pw@a/"})
    'GET https://***@a/six: ***'
    """
    text = discreet(text)
    for login in logins_in(passed):
        text = text.replace(login, "***")
    return text


def logins_of_host() -> tuple[str, ...]:
    """Those of this process's own environment."""
    return logins_in(passed_on(os.environ))
