"""The shared fixtures: BigPanda as the sandbox speaks it, and stacks on the real engine."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from pulumi.runtime.settings import SETTINGS

from bigpanda_provider.state import Api

from . import engine, faults, servers, vault, warm
from .browsing import browser, open_page  # noqa: F401 - fixtures
from .database_proxy import DatabaseProxy, database_proxy
from .engine import APP_KEY, TOKEN, Stack, recorded_by
from .postgres import Database, PostgreSQL, running

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # how long an example takes says more of the machine than of what is tested


@pytest.fixture(autouse=True, scope="session")
def quick_engine() -> Iterator[dict[str, str]]:
    """What the engine starts is forked from a warm Python, and no key is made from a passphrase: both take long."""
    with warm.running() as python, vault.running() as keys:
        environment = {**python, **keys, "GOGC": "off"}
        with engine.quick(environment):
            yield environment


@pytest.fixture
def cold() -> Iterator[None]:
    """The engine does and starts all as it does for a user."""
    with engine.quick({}):
        yield


@pytest.fixture
def without_previews() -> Iterator[None]:
    """No `up` runs its preview first, for what a preview has no part in: it takes as long as the update."""
    with engine.without_previews():
        yield


@pytest.fixture(scope="session")
def event_loop_of_worker() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop that Outputs of tests outside a program belong to."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(autouse=True)
def nothing_left(event_loop_of_worker: asyncio.AbstractEventLoop) -> Iterator[None]:
    """No Output of a test is left for the next one in this process: the SDK waits for all that it knows, for ever.

    Nor is an event loop. Python makes one for an Output where there is none, `asyncio.run` sets it aside, and a later
    test fails because nobody has closed it.
    """
    asyncio.set_event_loop(event_loop_of_worker)
    yield
    SETTINGS.outputs.clear()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """In a module that says BOTH_APIS, each test with a stack is one for each of BigPanda's APIs."""
    if getattr(metafunc.module, "BOTH_APIS", False) and "api" in metafunc.fixturenames:
        metafunc.parametrize("api", list(Api), indirect=True)


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Api:
    """The API by which the test's stacks record; see `pytest_generate_tests`."""
    chosen: Api = getattr(request, "param", Api.DEPLOYMENTS)
    return chosen


@pytest.fixture
def bigpanda() -> Iterator[servers.Sandbox]:
    """A running sandbox."""
    with servers.sandbox() as running:
        yield running


@pytest.fixture
def recorder() -> Iterator[servers.Recorder]:
    """A running server that only writes down raw requests."""
    with servers.recorder() as running:
        yield running


@pytest.fixture
def faulty(bigpanda: servers.Sandbox) -> Iterator[faults.FaultyBigPanda]:
    """A server in front of the sandbox that passes requests on until it is told to misbehave."""
    with faults.faulty(bigpanda) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_of_worker() -> Iterator[PostgreSQL]:
    """The server that the tests of a process share by `postgres`."""
    with running() as server:
        yield server


@pytest.fixture
def postgres(postgres_of_worker: PostgreSQL) -> Iterator[PostgreSQL]:
    """A running PostgreSQL server; the databases that the test makes on it are gone afterwards."""
    yield postgres_of_worker
    postgres_of_worker.tidy()


@pytest.fixture
def database(postgres: PostgreSQL) -> Database:
    """An empty database."""
    return postgres.database()


@pytest.fixture
def proxy(postgres: PostgreSQL) -> Iterator[DatabaseProxy]:
    """A proxy in front of the databases' server."""
    with database_proxy(postgres.port) as running:
        yield running


@pytest.fixture
def postgres_alone() -> Iterator[PostgreSQL]:
    """A running PostgreSQL server for one test, that may do with it what it likes."""
    with running() as server:
        yield server


@pytest.fixture
def make_stack(tmp_path: pathlib.Path, api: Api) -> Iterator[Callable[[str, str], Stack]]:
    """Make a stack from BigPanda's address and a program; whatever a test does, none may tell token or app key."""
    made: list[Stack] = []

    def make(address: str, program: str) -> Stack:
        made.append(Stack(tmp_path / "stack", address).program(program))
        made[-1].environment.update(recorded_by(api))
        return made[-1]

    yield make
    for stack in made:
        assert stack.tells(TOKEN) == []
        assert stack.tells(APP_KEY) == []


@pytest.fixture
def faulty_stack(faulty: faults.FaultyBigPanda, make_stack: Callable[[str, str], Stack]) -> Callable[[str], Stack]:
    """Make the test's stack, which reports to the faulty BigPanda and gives an event little time."""

    def make(program: str) -> Stack:
        made = make_stack(faulty.address, program)
        made.environment["BIGPANDA_TIMEOUT_SECONDS"] = str(faults.EVENT_LIMIT_S)
        return made

    return make


@pytest.fixture
def stack(bigpanda: servers.Sandbox, make_stack: Callable[[str, str], Stack]) -> Callable[[str], Stack]:
    """Make the test's stack, which reports to the sandbox, from a program."""
    return lambda program: make_stack(bigpanda.address, program)
