"""Is a small network with the right assumption better than a large one without?

Two networks of Prince, "Understanding Deep Learning" (2023), figure 10.8, on
MNIST-1D and on MNIST-1D with the positions of all signals shuffled by one fixed
permutation: three convolution layers (2,050 parameters) and three dense ones
(59,065 parameters). Both can fit the training set; the test error depends on their
assumptions. Takes about two minutes on two cores::

    python examples/mnist1d_conv_against_dense.py
"""

from __future__ import annotations

from joblib import Parallel, delayed

from ibestimators import ConvClassifier, MLPClassifier
from ibestimators.datasets import load_mnist1d

TRAINING = {"max_epochs": 100, "batch_size": 100, "weight_decay": 0, "random_state": 0}
NETWORKS = {
    "convolution": ConvClassifier(
        n_filters=(15, 15, 15),
        kernel_size=3,
        stride=2,
        padding="valid",
        pooling=None,
        normalization=None,
        readout="flatten",
        head_layer_sizes=(),
        lr=1e-2,
        **TRAINING,
    ),
    "dense": MLPClassifier(hidden_layer_sizes=(285, 135, 60), lr=3e-3, **TRAINING),
}


def errors(name: str, shuffled: bool) -> tuple[str, bool, int, float, float]:
    """Fit a network; its parameters, training and test error in percent."""
    X_train, y_train = load_mnist1d(shuffled=shuffled, return_X_y=True)
    X_test, y_test = load_mnist1d(subset="test", shuffled=shuffled, return_X_y=True)
    fitted = NETWORKS[name].fit(X_train, y_train)
    training = 100 * (1 - fitted.score(X_train, y_train))
    test = 100 * (1 - fitted.score(X_test, y_test))
    return name, shuffled, fitted.n_parameters_, training, test


def main() -> list[tuple[str, bool, int, float, float]]:
    tasks = [(name, shuffled) for shuffled in (False, True) for name in NETWORKS]
    rows = Parallel(n_jobs=2)(delayed(errors)(*task) for task in tasks)
    print("network      positions  parameters  training error  test error")
    for name, shuffled, n_parameters, training, test in rows:
        positions = "shuffled" if shuffled else "in order"
        print(f"{name:11}  {positions:9}  {n_parameters:10,}  {training:13.1f}%  {test:9.1f}%")
    return rows


if __name__ == "__main__":
    main()
