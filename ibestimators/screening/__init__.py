"""A first guess at the bias: untrained networks, a brief training and the record of other data."""

from ibestimators.screening._result import ScreeningDisplay, ScreeningResult
from ibestimators.screening._screen import screen_biases

__all__ = ["ScreeningDisplay", "ScreeningResult", "screen_biases"]
