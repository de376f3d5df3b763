"""Random numbers that leave numpy's global generator alone."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state


def random_generator(random_state: int | np.random.RandomState | None) -> np.random.RandomState:
    """A generator from a `random_state`; None takes new entropy, not numpy's global generator."""
    if random_state is None:
        random_state = int(np.random.SeedSequence().generate_state(1)[0])
    return check_random_state(random_state)


def draw_seed(random_state: int | np.random.RandomState | None) -> int:
    """A seed drawn from a `random_state`."""
    return int(random_generator(random_state).randint(2**31 - 1))
