"""What both of OpenAI's APIs refuse in the same words."""

from collections.abc import Iterable, Sequence, Set

from tests.vendors.server import Json, Problem


def error_of(problem: Problem) -> Json:
    """The body of a refusal."""
    is_context = "context length" in problem.message or "context window" in problem.message
    code = "context_length_exceeded" if is_context else None
    said = {"message": problem.message, "type": problem.kind, "param": problem.param, "code": code}
    return {"error": said}


def check_fields(body: Json, needed: Iterable[str], refuses: Set[str]) -> None:
    """Raise `ValueError` (message, field) where one is missing or is not taken here."""
    for name in needed:
        if name not in body:
            raise ValueError(f"Missing required parameter: '{name}'.")
    for name in sorted(set(body) & refuses):
        if name == "include":
            raise ValueError("Encrypted content is not supported with this model.", name)
        message = f"Unsupported parameter: '{name}' is not supported with this model."
        raise ValueError(message, name)


def check_level(model: str, field: str, effort: str | None, efforts: Sequence[str]) -> None:
    """Raise `ValueError` (message, field) where the model does not take the effort."""
    if effort and effort not in efforts:
        taken = ", ".join(f"'{one}'" for one in efforts)
        raise ValueError(
            f"Unsupported value: '{effort}' is not supported with the '{model}' model."
            f" Supported values are: {taken}.",
            field,
        )
