"""What the run's environment is made of: image, profile, set-up and test commands, each as told or
as found.

Set-up is run only where the tests cannot be collected without it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread

from swe_agent.core.errors import EnvironmentFault, PolicyRefused, UsageFault
from swe_agent.core.events import Checkpoint, EnvironmentReady
from swe_agent.core.protocols import Sandbox, TreeReader
from swe_agent.core.text import decoded
from swe_agent.runtime.containerfile import (
    OWN_PROFILES,
    Containerfile,
    find_containerfile,
    why_none,
)
from swe_agent.runtime.environment import Prepared
from swe_agent.runtime.gate import variables_of
from swe_agent.runtime.images import BASE_IMAGE, no_base_image, no_python
from swe_agent.runtime.profiles import (
    Profile,
    detect_profile,
    load_profiles,
    plan_of,
    profile_named,
)
from swe_agent.runtime.pyproject import PythonFacts, python_facts
from swe_agent.runtime.sandboxes import Sandboxes
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.versions import Version, allows, shown, version_of
from swe_agent.settings.consent import agree, is_agreed
from swe_agent.settings.egress import egress_of
from swe_agent.settings.load import Loaded
from swe_agent.settings.registries import indexes_in, open_proxies_in
from swe_agent.settings.schema import Settings
from swe_agent.verify.collect import can_tell, why_not_collected
from swe_agent.verify.detect import detect_tests, needs_pytest

_PROBE_TIMEOUT_S = 60.0
_COLLECT_TIMEOUT_S = 300.0
_VERSION = "python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an environment is asked for."""

    settings: Settings
    tree: str
    """Hash of the repository's tree."""
    reader: TreeReader
    """The same tree."""
    say: Callable[[str], None] = lambda _: None
    passed_on: Mapping[str, str] = field(default_factory=dict)
    """Variables of the host for set-up alone."""
    examine: Callable[[str, Sandbox], None] = lambda _, __: None
    """Looks into each image's fresh sandbox; raises where a run must not begin in it."""


@dataclass(frozen=True, slots=True)
class Provision:
    """An environment in which the test commands can be run."""

    prepared: Prepared
    profile: str
    """Name of the profile; `default` where none fits."""
    commands: tuple[str, ...]
    root: str
    shell: str


def again(known: EnvironmentReady, sandboxes: Sandboxes) -> Prepared | None:
    """The environment of a run that goes on; None where its image is gone and it has to be made
    anew."""
    if not sandboxes.has_image(known.image):
        return None
    return Prepared(known.image, known.checkpoint.tree, known.ignored)


def provision(wanted: Wanted, sandboxes: Sandboxes) -> Provision:
    """Make the environment; nothing is installed that the tests can be collected without.

    Raises:
        EnvironmentFault: image missing, wrong Python, set-up failed, or no tests found.
        UsageFault: there is no such profile.
    """
    return _Maker(wanted, sandboxes).made()


class _Maker:
    def __init__(self, wanted: Wanted, sandboxes: Sandboxes) -> None:
        self._wanted, self._sandboxes = wanted, sandboxes
        self._settings = wanted.settings
        self._egress = egress_of(wanted.settings.sandbox.network)
        named = wanted.settings.sandbox.profile
        self._own = _agreed(own_file(wanted.reader, named))
        self._profile = (
            detect_profile(wanted.reader, load_profiles())
            if self._own or not named
            else profile_named(named)
        )
        is_python = self._profile is not None and self._profile.facts == "python"
        self._facts = python_facts(wanted.reader) if is_python else PythonFacts()

    def made(self) -> Provision:
        setup = self._setup(self._image())
        given = self._settings.sandbox.setup or (self._own.commands if self._own else ())
        if given:
            setup = replace(setup, commands=given, inputs=None)
            if not self._facts.says_python:
                return self._finished(setup)
        while True:
            prepared = self._sandboxes.prepare(SetUp(setup.image), self._wanted.tree)
            with self._looked_into(prepared) as sandbox:
                other = self._other_python(sandbox)
                # An image is taken at its name's word once, else one that is misnamed never ends.
                other = "" if other == setup.image else other
                if not other and not given and (not setup.commands or self._is_enough(sandbox)):
                    return self._as_it_is(prepared, sandbox)
            if not other:
                return self._finished(setup)
            self._wanted.say(f"The project asks for another Python: using the image {other}.")
            setup = replace(setup, image=other)

    def _finished(self, setup: SetUp) -> Provision:
        prepared = self._sandboxes.prepare(setup, self._wanted.tree)
        with self._looked_into(prepared) as sandbox:
            return self._as_it_is(prepared, sandbox)

    @contextmanager
    def _looked_into(self, prepared: Prepared) -> Iterator[Sandbox]:
        """A sandbox that is taken away while the run goes on."""
        sandbox = self._sandboxes.open(prepared, Checkpoint(tree=prepared.tree))
        try:
            self._wanted.examine(prepared.image, sandbox)
            yield sandbox
        finally:
            Thread(target=sandbox.close, name="close-sandbox").start()

    def _as_it_is(self, prepared: Prepared, sandbox: Sandbox) -> Provision:
        return Provision(
            prepared,
            self._own.kind if self._own else self._profile.name if self._profile else "default",
            self._commands(sandbox),
            sandbox.root,
            sandbox.shell,
        )

    def _commands(self, sandbox: Sandbox) -> tuple[str, ...]:
        """How to test: as told, else as detected, else as the profile says."""
        if self._settings.tests.skip:
            return ()
        if given := self._settings.tests.commands:
            return given
        try:
            return detect_tests(sandbox.tree(), sandbox)
        except EnvironmentFault:
            if self._profile is None or not self._profile.tests:
                raise
            return self._profile.tests

    def _setup(self, image: str) -> SetUp:
        """The set-up that the profile plans."""
        settings = self._settings.sandbox
        base = SetUp(
            image=image,
            timeout_s=settings.setup_timeout_s,
            network=self._egress.in_setup,
            passed_on=self._passed_on(),
            env=dict(self._own.env) if self._own else {},
        )
        profile = self._profile
        if profile is None:
            return base
        plan = plan_of(profile, self._wanted.reader, self._blanks(profile))
        return replace(
            base,
            commands=plan.commands,
            inputs=plan.inputs,
            folders=profile.folders,
            path=profile.path,
            env={**profile.env, **base.env},
        )

    def _passed_on(self) -> dict[str, str]:
        """Variables for set-up: the host's where it reaches all; its package indexes and the gate's
        proxy where it reaches what is allowed."""
        host, allowed = self._wanted.passed_on, self._egress.allowed
        if self._egress.in_setup:
            return dict(host)
        if not allowed:
            return {}
        return {**indexes_in(host), **variables_of(allowed)}

    def _blanks(self, profile: Profile) -> dict[str, str]:
        if profile.facts != "python":
            return {}
        runner = "pytest" if needs_pytest(self._wanted.reader) else ""
        return {**self._facts.blanks, "runner": runner}

    def _is_enough(self, sandbox: Sandbox) -> bool:
        """Whether tests can be run without set-up; an image that was named has what is needed
        where none are."""
        if self._settings.tests.skip and self._settings.sandbox.image:
            return True
        why = self._lacking(sandbox)
        if why:
            name = self._profile.name if self._profile else ""
            self._wanted.say(f"Setting up ({name}); without it: {why}")
        return not why

    def _lacking(self, sandbox: Sandbox) -> str:
        profile, given = self._profile, self._settings.tests.commands
        if profile is not None and profile.enough:
            done = sandbox.execute(profile.enough, _PROBE_TIMEOUT_S)
            return "" if done.exit_code == 0 else "dependencies are missing"
        try:
            telling = [command for command in given if can_tell(command)]
            commands = telling or self._detected(sandbox)
        except EnvironmentFault as fault:
            return fault.message
        return why_not_collected(sandbox, commands, _COLLECT_TIMEOUT_S)

    def _detected(self, sandbox: Sandbox) -> tuple[str, ...]:
        return detect_tests(sandbox.tree(), sandbox)

    def _image(self) -> str:
        """The image to begin with; one that was named and is not here is pulled.

        Raises:
            EnvironmentFault: it is not here and cannot be had.
        """
        settings, profile = self._settings, self._profile
        named, asked = settings.sandbox.image, settings.sandbox.profile
        if named is None and self._own:
            self._wanted.say(f"Using the repository's {self._own.path}.")
            if self._own.left_out:
                left = ", ".join(self._own.left_out)
                self._wanted.say(f"Not supported, so left out of it: {left}.")
            if self._own.dockerfile:
                passed, reaches = self._wanted.passed_on, self._egress.in_setup
                proxies = open_proxies_in(passed) if reaches else None
                return self._sandboxes.own_image(self._own, self._wanted.tree, proxies)
            named = self._own.image
        elif found := find_containerfile(self._wanted.reader):
            self._wanted.say(f"The repository has {found.path}: --profile {found.kind} uses it.")
        usual = profile.image if profile else None
        if named is None and usual and (asked or self._sandboxes.has_image(usual)):
            named = usual
        if named is None:
            if not self._sandboxes.has_image(BASE_IMAGE):
                raise no_base_image()
            return BASE_IMAGE
        if not self._sandboxes.has_image(named):
            self._wanted.say(f"pulling the image {named}; this happens once")
            self._sandboxes.pull(named, settings.engine.pull_timeout_s)
        return named

    def _other_python(self, sandbox: Sandbox) -> str:
        """Another image whose Python fits better than the sandbox's; empty where this one will do.

        Raises:
            EnvironmentFault: the project refuses this Python, and no image has another.
        """
        facts = self._facts
        if self._settings.sandbox.image or self._own or not facts.says_python:
            return ""
        said = decoded(sandbox.execute(_VERSION, _PROBE_TIMEOUT_S).output)
        here = version_of(said)
        pythons = self._sandboxes.pythons()
        best = best_python(facts, here, tuple(pythons))
        if best is None:
            found = f"Python {shown(here)}" if here else "no Python"
            has_images = self._sandboxes.kind == "docker"
            raise no_python(facts.requires, found, has_images=has_images)
        return "" if best == here else pythons[best]


def own_file(reader: TreeReader, profile: str | None) -> Containerfile | None:
    """The repository's own file that a profile's name stands for; None for every other profile.

    Raises:
        UsageFault: the repository has none.
    """
    kind = next((one for one in OWN_PROFILES if one == profile), None)
    if kind is None:
        return None
    found = find_containerfile(reader, kind)
    if found is None:
        raise UsageFault(why_none(reader, kind), "Leave out the profile.")
    return found


def record_consent(loaded: Loaded, reader: TreeReader) -> None:
    """Where the user named the repository's own Dockerfile as profile, remember its content.

    Raises:
        UsageFault: the repository has none, or the consent cannot be kept.
    """
    if loaded.is_the_users("sandbox.profile"):
        found = own_file(reader, loaded.settings.sandbox.profile)
        if found is not None:
            agree("containerfile", found.content)


def _agreed(found: Containerfile | None) -> Containerfile | None:
    """
    Raises:
        PolicyRefused: the user did not agree to this content.
    """
    if found is not None and not is_agreed("containerfile", found.content):
        raise PolicyRefused(
            f"The repository asks for its own {found.path}, which runs its commands as root in "
            "a container with network; you did not agree to it as it is now.",
            f"Read it, then say --profile {found.kind}, or choose another profile.",
        )
    return found


def best_python(
    facts: PythonFacts, here: Version | None, others: tuple[Version, ...]
) -> Version | None:
    """The Python to use: one that `requires-python` allows, best one that the project pins or lists
    too, best the one that is here already; None where none is allowed."""
    allowed = [one for one in (here, *reversed(others)) if one and allows(facts.requires, one)]
    for named in (facts.pinned, facts.listed):
        if named and (known := [one for one in allowed if one in named]):
            return known[0]
    return allowed[0] if allowed else None
