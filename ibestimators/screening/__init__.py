"""A first guess at the bias, from untrained networks and a brief training."""

from ibestimators.screening._result import ScreeningDisplay, ScreeningResult
from ibestimators.screening._screen import screen_biases

__all__ = ["ScreeningDisplay", "ScreeningResult", "screen_biases"]
