"""Tables with gaps, words and dates: a pipeline that encodes them for an estimator of numbers.

The encoding is that of the library `skrub`; it is learned in `fit`, so that cross-validation of
the pipeline learns it from training folds alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

__all__ = ["encoding_of", "needs_encoding", "table_pipeline"]


def table_pipeline(estimator: Any) -> Pipeline:
    """Put an encoder of tables in front of an estimator that reads numbers.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator, such as those of `biases`.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Three steps. ``"encoder"``, skrub's `TableVectorizer`, has one column for each category of
        a column of words with fewer than 40 of them, 30 columns for the parts of words of a column
        with more, and the parts of dates. ``"imputer"`` fills gaps in numbers with the mean and
        adds columns of 0 and 1 that mark them. ``"estimator"`` is the estimator.

    Notes
    -----
    X is a data frame of pandas or polars. Its columns have no order, but `ConvClassifier`,
    `RecurrentClassifier` and `GraphClassifier`, and the regressors, read them in the order given.
    `structure_importance` of the whole pipeline is that of the columns of X.

    References
    ----------
    The library skrub, skrub-data.org.

    Examples
    --------
    >>> import pandas as pd
    >>> from ibestimators import MLPClassifier, table_pipeline
    >>> X = pd.DataFrame({"size": [1.5, None, 3.0, 2.5] * 5, "colour": ["red", "blue"] * 10})
    >>> y = ["a", "b"] * 10
    >>> model = table_pipeline(MLPClassifier(max_epochs=20, random_state=0)).fit(X, y)
    >>> model[:-1].get_feature_names_out().tolist()
    ['size', 'colour_blue', 'colour_red', 'missingindicator_size']
    >>> float(model.score(X, y))
    1.0
    """
    from skrub import StringEncoder, TableVectorizer

    encoder = TableVectorizer(
        # Its default drops a column where a word has two values only, and warns of other words.
        low_cardinality=OneHotEncoder(
            handle_unknown="ignore", sparse_output=False, dtype=np.float32
        ),
        high_cardinality=StringEncoder(random_state=0),
    )
    return Pipeline(
        [
            ("encoder", encoder),
            ("imputer", SimpleImputer(add_indicator=True)),
            ("estimator", estimator),
        ]
    )


def encoding_of(X: pd.DataFrame) -> str:
    """What `table_pipeline` will do to a data frame, such as "3 columns encoded, gaps in 4 filled".

    Examples
    --------
    >>> import pandas as pd
    >>> from ibestimators.tables import encoding_of
    >>> encoding_of(pd.DataFrame({"a": [1, None], "b": ["red", "blue"]}))
    '1 column of 2 encoded, gaps in 1 filled'
    """
    encoded, filled = _to_encode(X), _with_gaps(X)
    parts = [f"{len(encoded)} column{'s' * (len(encoded) != 1)} of {X.shape[1]} encoded"]
    return ", ".join(parts + ([f"gaps in {len(filled)} filled"] if filled else []))


def needs_encoding(X: pd.DataFrame) -> bool:
    """Whether a data frame has gaps or columns that are no numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from ibestimators.tables import needs_encoding
    >>> needs_encoding(pd.DataFrame({"a": [1, 2]})), needs_encoding(pd.DataFrame({"a": [1, None]}))
    (False, True)
    """
    return bool(_to_encode(X) or _with_gaps(X))


def _to_encode(X: pd.DataFrame) -> list[Any]:
    return [name for name, column in X.items() if not is_numeric_dtype(column)]


def _with_gaps(X: pd.DataFrame) -> list[Any]:
    return [name for name, column in X.items() if column.isna().any()]
