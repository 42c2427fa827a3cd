"""Tools from files: the built-in ones, then the user's. Only files on the host that the user put
there are run.

Each file defines one tool class; it is registered in `sys.modules` before it runs, else
dataclasses and pydantic models with postponed annotations cannot find their names.
"""

import difflib
import importlib.util
import inspect
import re
import sys
import threading
import traceback
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

from pydantic import BaseModel

from swe_agent.aci.tool import Tool
from swe_agent.core.errors import UsageFault

_CLASSES: dict[Path, tuple[tuple[int, int] | None, type]] = {}
_LOADING = threading.Lock()
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def load_tools(folders: Sequence[Path], names: Sequence[str]) -> tuple[Tool, ...]:
    """The tools named, in that order, then every other one that lies in a folder of the user's.

    Args:
        folders: built-in first, then the user's; where names collide, the later wins.
        names: `tools.names` of the settings; a tool is looked for in the file of its name, then in
        every file.

    Raises:
        UsageFault: a file cannot be loaded (file, line and what), or a name has no tool.
    """
    found: dict[str, Tool] = {}
    for at, folder in enumerate(folders):
        for path in sorted(folder.glob("*.py")):
            if path.name[0] not in "._" and (at > 0 or _is_wanted(path, folder, names)):
                tool = load_file(path)
                found[tool.name] = tool
    theirs = {name for name, tool in found.items() if not _lies_in(tool, folders[0])}
    order = [*dict.fromkeys(names), *sorted(theirs - set(names))]
    return tuple(_named(found, name, folders) for name in order)


def load_file(path: Path) -> Tool:
    """The one tool of a file, which is run again only when it has changed.

    Raises:
        UsageFault: it cannot be read or run, or does not hold one whole tool class; names file and
        line.
    """
    with _LOADING:
        stamp = _stamp(path)
        known = _CLASSES.get(path)
        if known is None or stamp is None or known[0] != stamp:
            known = stamp, _class_in(path)
            _CLASSES[path] = known
        return _checked(path, known[1])


def _stamp(path: Path) -> tuple[int, int] | None:
    """Tells whether a file was changed; None where it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _class_in(path: Path) -> type:
    """The one tool class of a file, run now."""
    module = _executed(path)
    classes = [
        item
        for item in vars(module).values()
        if inspect.isclass(item)
        and item.__module__ == module.__name__
        and isinstance(getattr(item, "name", None), str)
    ]
    if len(classes) != 1:
        found = ", ".join(cls.__name__ for cls in classes) or "none"
        raise _fault(path, 1, f"holds not one tool class but {found}")
    return cast("type", classes[0])


def _is_wanted(path: Path, folder: Path, names: Sequence[str]) -> bool:
    """A built-in file is run when it is named so, or when a name has no file of its own."""
    return path.stem in names or any(not (folder / f"{name}.py").is_file() for name in names)


def _lies_in(tool: Tool, folder: Path) -> bool:
    file = sys.modules[type(tool).__module__].__file__ or ""
    return Path(file).parent == folder


def _named(found: dict[str, Tool], name: str, folders: Sequence[Path]) -> Tool:
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=3, cutoff=0.6)
    lies = " or ".join(str(folder) for folder in folders)
    hint = (
        f"Did you mean {' or '.join(near)}?" if near else f"There is: {', '.join(sorted(found))}."
    )
    raise UsageFault(f"There is no tool {name} in {lies}.", f"{hint} See the setting tools.names.")


def _executed(path: Path) -> ModuleType:
    name = f"swe_agent_tool_{zlib.crc32(str(path.parent).encode()):08x}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise _fault(path, 1, "is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as fault:  # a user's file may raise anything
        del sys.modules[name]
        said = str(fault).split("\n", 1)[0]
        raise _fault(path, _line(path, fault), f"{type(fault).__name__}: {said}") from fault
    return module


def _line(path: Path, fault: BaseException) -> int:
    if isinstance(fault, SyntaxError) and fault.filename == str(path):
        return fault.lineno or 1
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(fault.__traceback__)
        if frame.filename == str(path) and frame.lineno is not None
    ]
    return lines[-1] if lines else 1


def _checked(path: Path, cls: type) -> Tool:
    arguments = getattr(cls, "Arguments", None)
    lacking = [
        what
        for what, is_there in (
            ("a docstring for the model", bool(inspect.cleandoc(cls.__doc__ or ""))),
            ("a name of letters, digits, _ and -", bool(_NAME.fullmatch(getattr(cls, "name", "")))),
            ("`writes`, a bool", isinstance(getattr(cls, "writes", None), bool)),
            (
                "`Arguments`, a pydantic model",
                inspect.isclass(arguments) and issubclass(arguments, BaseModel),
            ),
            ("a method `run`", callable(getattr(cls, "run", None))),
        )
        if not is_there
    ]
    if lacking:
        line = inspect.getsourcelines(cls)[1]
        raise _fault(path, line, f"class {cls.__name__} lacks {', '.join(lacking)}")
    try:
        return cast("Tool", cls())
    except Exception as fault:  # a user's file may raise anything
        said = f"class {cls.__name__} cannot be made without arguments: {fault}"
        line = inspect.getsourcelines(cls)[1]
        raise _fault(path, line, said) from fault


def _fault(path: Path, line: int, what: str) -> UsageFault:
    return UsageFault(
        f"The tool file {path}, line {line}: {what}.", "Mend the file or move it away."
    )
