"""The training loop."""

from ibestimators.training._net import Epochs, TrainingNet

__all__ = ["Epochs", "TrainingNet"]
