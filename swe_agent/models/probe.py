"""What an endpoint says of a model by itself: its context window, and whether it takes tools.

Asked once for an endpoint and model that are not the vendor's own, and kept with what is learned
from refusals (`learned.py`). Read are the model lists of vLLM, llama.cpp, LM Studio, OpenRouter and
their like, and Ollama's own description. An endpoint that says nothing costs nothing but time.
"""

import base64
import json
from urllib.parse import urlencode, urlsplit

from pydantic import JsonValue

from swe_agent.models.endpoint import Endpoint
from swe_agent.models.learned import Learned
from swe_agent.settings.address import without_login

TIMEOUT_S = 5.0
MOST_BYTES = 8_000_000
"""Of an answer that is read: lists of hundreds of models have some hundred kilobytes."""
WINDOW_FIELDS = ("max_model_len", "loaded_context_length", "n_ctx", "context_length")
"""In the order of belief: what is served before what the model could."""
LEAST_WINDOW_TOKENS = 256
_NESTED = ("meta", "top_provider")
_OLLAMA_OWNER = "library"

Fields = dict[str, JsonValue]


def probed(endpoint: Endpoint, model: str) -> Learned:
    """What is known of a model of this endpoint, which is asked if it never was."""
    learned = Learned(endpoint.base_url or "", model)
    if endpoint.base_url and not learned.abilities.probed:
        said = _listed(endpoint, model)
        window = _window(said)
        if said.get("owned_by") == _OLLAMA_OWNER:
            said = _ollamas(endpoint, model)
            window = _ollama_window(said)
        refused = learned.abilities.refused | ({"tools"} if _lacks_tools(said) else set())
        learned.learn(probed=True, window_tokens=window, refused=refused)
    return learned


def _listed(endpoint: Endpoint, model: str) -> Fields:
    """The model's row in the endpoint's list; the only row stands for any name."""
    query = f"?{urlencode(endpoint.query)}" if endpoint.query else ""
    body = _asked(endpoint, f"{endpoint.root}/models{query}")
    data = body.get("data")
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    named = [row for row in rows if row.get("id") == model]
    return (named or (rows if len(rows) == 1 else [{}]))[0]


def _window(row: Fields) -> int | None:
    places = [row, *(inner for name in _NESTED if isinstance(inner := row.get(name), dict))]
    for name in WINDOW_FIELDS:
        for place in places:
            value = place.get(name)
            if isinstance(value, int) and value >= LEAST_WINDOW_TOKENS:
                return value
    return None


def _lacks_tools(said: Fields) -> bool:
    """Whether it lists what the model can, and tools are not in it."""
    parameters, abilities = said.get("supported_parameters"), said.get("capabilities")
    if isinstance(parameters, list) and parameters:
        return "tools" not in parameters
    is_ollamas = "model_info" in said
    return is_ollamas and isinstance(abilities, list) and "tools" not in abilities


def _ollamas(endpoint: Endpoint, model: str) -> Fields:
    parts = urlsplit(endpoint.base_url or "")
    root = f"{parts.scheme}://{parts.netloc}"
    return _asked(endpoint, f"{root}/api/show", {"model": model})


def _ollama_window(said: Fields) -> int | None:
    """The window that Ollama's model file sets; its default depends on the machine, so nobody
    knows where none is set."""
    parameters = said.get("parameters")
    for line in parameters.splitlines() if isinstance(parameters, str) else ():
        name, _, value = line.strip().partition(" ")
        if name == "num_ctx" and value.strip().isdecimal():
            return int(value)
    return None


def _asked(endpoint: Endpoint, url: str, body: Fields | None = None) -> Fields:
    """The JSON object at an address; empty where there is none."""
    import http.client
    import urllib.request

    class Staying(urllib.request.HTTPRedirectHandler):
        """Follows nobody elsewhere: the key would go along."""

        def redirect_request(self, *_: object) -> None:
            return None

    headers = {"Content-Type": "application/json"}
    url, login = without_login(url)
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    elif endpoint.key and endpoint.key_has_own_header:
        headers["api-key"] = endpoint.key
    elif endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    sent = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, sent, headers)  # checked to be HTTP before
    try:
        opener = urllib.request.build_opener(Staying)
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            found = json.loads(answer.read(MOST_BYTES))
    except (OSError, ValueError, http.client.HTTPException, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
