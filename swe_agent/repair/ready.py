"""What a search is made of, once its sources are read: how suspicious each place is, what the
failing tests tell, and what the templates weigh.
"""

from swe_agent.repair.history import Seen
from swe_agent.repair.holes import synthesis
from swe_agent.repair.localize import blamed, failing_test, is_test_file, steeper, suspicions
from swe_agent.repair.observed import types_seen
from swe_agent.repair.rank import weights_from
from swe_agent.repair.scripts import Script, proposed_by_queries, suspicions_by_name
from swe_agent.repair.search import Search
from swe_agent.repair.syntax import Code, members_of
from swe_agent.repair.templates.signatures import signatures_of
from swe_agent.repair.told import told_by

Ready = tuple[Search, dict[tuple[str, int], float], dict[str, Code | Script]]
"""The search, how suspicious each place is, and the sources."""


def made_ready(
    seen: Seen,
    targets: tuple[str, ...],
    codes: dict[str, Code],
    scripts: dict[str, Script],
    is_project: bool,
) -> Ready:
    """The search for one list of failing tests in what was read of the sources."""
    failures = seen.base.failures if seen.base else {}
    paths = {*(seen.paths or ()), *codes}
    failing = [failing_test(t, failures.get(t, ""), paths) for t in targets]
    said = [f.text for f in failing]
    tests = dict.fromkeys((f.path, f.name) for f in failing if f.path in codes)
    told = told_by([(codes[path].tree, name) for path, name in tests], said)
    signatures = signatures_of(codes)
    members = members_of(c for c in codes.values() if not is_test_file(c.path))
    for code in codes.values():
        code.told, code.signatures, code.members = told, signatures, members
        code.types = types_seen(code, seen.states or ())
    suspicious = suspicions(codes, failing, seen.issue, seen.lines)
    suspicious = steeper(suspicious, codes) if is_project else suspicious
    more_templates = synthesis(seen.states or ())
    weights = weights_from("\n".join(said), more_templates, in_project=is_project)
    issue = "\n".join([seen.issue, *said])
    more = proposed_by_queries(scripts, issue, weights)
    lines = blamed(seen.lines, failing) if seen.lines else None
    search = Search(codes, suspicious, weights, lines, more)
    places = {**suspicious, **suspicions_by_name(scripts, issue)}
    return search, places, {**codes, **scripts}
