"""Networks as scikit-learn estimators: pipelines, grid search, cross-validation, pandas in.

`MLPClassifier` and `MLPRegressor` take scikit-learn's own parameters under its own names, and more
besides: dropout, any activation for each layer, any optimizer, class weights, callbacks.
`ModuleClassifier` and `ModuleRegressor` do the same for a net of your own.

scikit-learn is needed when an estimator is made: pip install "tinygrad_nn[sklearn]"

Reading order: `conventions` (scikit-learn's base classes), `perceptron` (the layers), `objective`
(losses and batches), `solver` (optimizers), `stopping` (when to end), `learning` (the loop), `estimator` (what all share),
`classifier`, `regressor`.
"""

from tinygrad_nn.interop.sklearn.classifier import MLPClassifier, ModuleClassifier
from tinygrad_nn.interop.sklearn.regressor import MLPRegressor, ModuleRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "ModuleClassifier", "ModuleRegressor"]
