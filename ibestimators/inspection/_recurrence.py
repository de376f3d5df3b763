"""Inspection of recurrences: hidden states, and gradients through time.

Each step passes its state s_t to the next: h_t of every layer, and c_t for an LSTM. The gradient
of a loss L at the last step T with respect to an earlier state is

    dL/ds_t = dL/ds_T  prod_{i=t+1..T} ds_i/ds_{i-1}     (Pascanu et al. 2013, eqs. 4 and 5)

This product of T - t matrices vanishes or explodes with their number unless their norms are
close to 1.

References: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural
networks", ICML (2013); Hochreiter & Schmidhuber, "Long short-term memory", Neural
Computation 9 (1997).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_consistent_length

from ibestimators.inspection._checks import check_number, refuse_positions
from ibestimators.layers import Network, Padded
from ibestimators.pipelines import unwrap_estimator
from ibestimators.plotting import Display, Style, integer_ticks, remove_frame, symmetric_colours
from ibestimators.recurrence import RecurrentEncoder, RecurrentEstimator
from ibestimators.structures import (
    padding_mask,
    reads_containers,
)
from ibestimators.training import gradients_on


class HiddenStateDisplay(Display):
    """The hidden state of the last layer after each step.

    Drawn as an image of units by steps. Style keyword of `plot`: ``im_kw``.

    Parameters
    ----------
    states : ndarray of shape (n_samples, n_steps, hidden_size), or list of (n_steps_i, hidden_size)
        A list for samples of different lengths. If bidirectional, the states of the backward
        direction follow those of the forward direction: 2 hidden_size units.
    sample : int
        Number of the sample that is drawn.
    bidirectional : bool, default=False

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import RecurrentClassifier
    >>> from ibestimators import HiddenStateDisplay
    >>> X, y = np.random.default_rng(0).normal(size=(20, 12)), np.arange(20) % 2
    >>> clf = RecurrentClassifier(hidden_size=8, bidirectional=False, max_epochs=1)
    >>> fitted = clf.fit(X, y)
    >>> HiddenStateDisplay.from_estimator(fitted, X[:3]).states.shape
    (3, 12, 8)
    """

    def __init__(
        self,
        states: NDArray[np.floating] | list[NDArray[np.floating]],
        sample: int,
        bidirectional: bool = False,
    ) -> None:
        self.states = states
        self.sample = sample
        self.bidirectional = bidirectional

    @classmethod
    @reads_containers
    def from_estimator(
        cls, estimator: Any, X: Any, sample: int = 0, ax: Any = None, **style: Any
    ) -> Self:
        """Compute the states for some samples, and draw those of one.

        Parameters
        ----------
        estimator : RecurrentClassifier, RecurrentRegressor, Pipeline or search
            Fitted; a pipeline or search must end in one of the two.
        X
            A few samples, in the same layout as in fit; all are computed in one batch.
        sample : int, default=0
            Number of the sample that is drawn; -1 is the last.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        HiddenStateDisplay

        Raises
        ------
        TypeError
            If the estimator is not recurrent.
        ValueError
            If `sample` is out of range.
        """
        recurrent, X = unwrap_estimator(estimator, X, RecurrentEstimator)
        encoder = _encoder(recurrent._fitted.network_copy())
        x, lengths = encoder.steps(recurrent._fitted.batch(X))
        sample = check_number("sample", sample, len(x))
        with torch.no_grad():
            values = encoder.hidden_states(x, lengths).cpu().numpy()  # (batch, steps, hidden)
        states: Any = values
        if lengths is not None:
            states = [value[:n] for value, n in zip(values, lengths.tolist(), strict=True)]
        return cls(states, sample, recurrent.bidirectional).plot(ax, **style)

    def _draw(self, ax: Any, *, im_kw: Style) -> None:
        states = self.states[self.sample]  # (steps, hidden)
        look = {"aspect": "auto", "interpolation": "nearest", **symmetric_colours(states)}
        image = ax.imshow(states.T, **look | im_kw)
        if self.bidirectional:
            ax.axhline(states.shape[1] / 2 - 0.5, color="black", lw=1)
            ax.set_ylabel("unit (below the line: backward direction)")
        else:
            ax.set_ylabel("unit")
        integer_ticks(ax.xaxis, ax.yaxis)
        ax.set_xlabel("step")
        ax.set_title(f"sample {self.sample}", fontsize="medium")
        ax.figure.colorbar(image, ax=ax, label="hidden state")


class GradientNormDisplay(Display):
    """Norm of the gradient that reaches each step from a loss at the last step.

    With s_t the state that step t passes on, the mean over samples of

        | dL/ds_T ds_T/ds_{T-1} ... ds_{t+1}/ds_t |

    where dL/ds_T is the gradient through the readout of the last state only. Gradients through
    the readout of earlier states bypass the recurrence, and are excluded. Drawn on a logarithmic
    scale. Style keyword of `plot`: ``line_kw``.

    Parameters
    ----------
    norms : dict of str to ndarray of shape (n_steps,)
        Norms of each estimator, in the order of the steps. Samples of different lengths are
        aligned at their last step, and the mean is over the samples that have the step. L is the
        cross-entropy of a classifier in nats, or the squared error of a regressor, in variances
        of y if `standardize`.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    References
    ----------
    Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks",
    ICML (2013), equations 4 and 5.

    Examples
    --------
    Without training, a plain recurrence forgets:

    >>> from ibestimators import RecurrentRegressor
    >>> from ibestimators.datasets import make_adding_problem
    >>> from ibestimators import GradientNormDisplay
    >>> X, y = make_adding_problem(100, random_state=0, return_X_y=True)
    >>> reg = RecurrentRegressor(
    ...     cell="rnn", n_layers=1, bidirectional=False, max_epochs=1, random_state=0
    ... )
    >>> fitted = reg.fit(X, y)
    >>> norms = GradientNormDisplay.from_estimator(fitted, X, y).norms["RecurrentRegressor"]
    >>> norms.shape, bool(norms[0] < 1e-3 * norms[-1])
    ((50,), True)
    """

    def __init__(self, norms: Mapping[str, NDArray[np.float64]]) -> None:
        self.norms = dict(norms)

    @classmethod
    @reads_containers
    def from_estimator(
        cls, estimator: Any, X: Any, y: ArrayLike, ax: Any = None, **style: Any
    ) -> Self:
        """Draw the norms of one estimator.

        Parameters
        ----------
        estimator : RecurrentClassifier, RecurrentRegressor, Pipeline or search
            Fitted; a pipeline or search must end in one of the two.
        X, y
            A few hundred samples and their targets, as in fit; all are computed in one batch.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        GradientNormDisplay

        Raises
        ------
        TypeError
            If the estimator is not recurrent.
        ValueError
            If the estimator is bidirectional, and therefore has no single last step, or if X or
            y does not match the data of fit.
        """
        name = type(unwrap_estimator(estimator, None, RecurrentEstimator)[0]).__name__
        return cls.from_estimators({name: estimator}, X, y, ax, **style)

    @classmethod
    @reads_containers
    def from_estimators(
        cls, estimators: Mapping[str, Any], X: Any, y: ArrayLike, ax: Any = None, **style: Any
    ) -> Self:
        """Draw the norms of several estimators, each in its own colour.

        Parameters
        ----------
        estimators : dict of str to estimator, Pipeline or search
            As in `from_estimator`.
        X, y
            As in `from_estimator`, the same for all estimators.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        GradientNormDisplay
        """
        norms = {name: _norms(est, X, y) for name, est in estimators.items()}
        return cls(norms).plot(ax, **style)

    def _draw(self, ax: Any, *, line_kw: Style) -> None:
        for name, norms in self.norms.items():
            look = {"label": name, "marker": "o" if len(norms) == 1 else ""}
            ax.plot(np.arange(1 - len(norms), 1), norms, **look | line_kw)
        ax.set_yscale("log")
        integer_ticks(ax.xaxis)
        ax.set_xlabel("step, counted from the last")
        ax.set_ylabel("norm of the gradient")
        remove_frame(ax, grid="both")
        ax.legend(frameon=False)


@gradients_on()
def _norms(estimator: Any, X: Any, y: ArrayLike) -> NDArray[np.float64]:
    """See `GradientNormDisplay`: (longest,)."""
    recurrent, X = unwrap_estimator(estimator, X, RecurrentEstimator)
    refuse_positions(recurrent, "GradientNormDisplay")
    if recurrent.bidirectional:
        raise ValueError(
            "Gradients by step start at the last step, but with bidirectional=True the estimator "
            "reads from both ends and has no single last step. Fit with bidirectional=False."
        )
    check_consistent_length(X, y)
    fitted = recurrent._fitted
    target_of_y = fitted.target.of_rows
    target = target_of_y.encode(target_of_y.check(y, recurrent), torch.float64)
    # Squares of vanishing gradients would be 0 in float32; cuDNN has no gradient in evaluation.
    network = fitted.network_copy().double().cpu()
    encoder = _encoder(network)
    x, lengths = encoder.steps(fitted.batch(X))
    x = x.double().cpu()
    lengths = torch.full((len(x),), x.shape[1]) if lengths is None else lengths.cpu()

    steps = list(encoder.unrolled(x))
    received = torch.stack([features for features, _ in steps], 1)  # (batch, steps, hidden)
    mask = padding_mask(lengths, (x.shape[1],))  # (batch, steps)
    is_last = torch.arange(x.shape[1]) == lengths.unsqueeze(1) - 1  # (batch, steps)
    features = torch.where(is_last.unsqueeze(2), received, received.detach())
    loss = target_of_y.loss()(network.readout(Padded(features, mask)), target).sum()
    flat = [part for _, states in steps for part in states]
    # grad() and not backward(), so that the gradients of the parameters do not change.
    gradients = torch.autograd.grad(loss, flat, materialize_grads=True)
    squares = torch.stack(
        [g.square().sum(-1).view(-1, len(x)).sum(0) for g in gradients]
    )  # (steps * parts, batch)
    norms = squares.view(len(steps), -1, len(x)).sum(1).sqrt().T  # (batch, steps)

    from_end = lengths.unsqueeze(1) - 1 - torch.arange(x.shape[1])  # (batch, steps)
    back = from_end[mask]
    total = torch.zeros(x.shape[1], dtype=torch.float64).index_add_(0, back, norms[mask])
    count = torch.bincount(back, minlength=x.shape[1])
    return np.asarray((total / count).flip(0).detach().numpy())


def _encoder(network: Network) -> RecurrentEncoder:
    assert isinstance(network.encoder, RecurrentEncoder)
    return network.encoder
