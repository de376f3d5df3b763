"""What the data say about the choice of a bias, before any network is trained."""

from ibestimators.diagnosis._diagnose import diagnose
from ibestimators.diagnosis._result import DiagnosisResult

__all__ = ["DiagnosisResult", "diagnose"]
