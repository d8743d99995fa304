"""One sample of 300 learners, written once per test run."""

from pathlib import Path

import pytest

from manabi.sample.files import write_sample
from manabi.sample.world import World, make_world
from tests.unit.manabi.sample.reading import Sample


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(300, 2026, 2)


@pytest.fixture(scope="session")
def sample(world: World, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder: Path = tmp_path_factory.mktemp("sample")
    return Sample(folder, write_sample(world, folder))
