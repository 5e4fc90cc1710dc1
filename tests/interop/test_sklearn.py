"""The estimators keep scikit-learn's conventions, take its MLP's very steps, and do what they add."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="the estimators are for scikit-learn")

from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import has_fit_parameter

import tinygrad_nn as tg
from tinygrad_nn import nn, optim
from tinygrad_nn.interop.sklearn import MLPClassifier, MLPRegressor, ModuleClassifier, ModuleRegressor
from tinygrad_nn.interop.sklearn.perceptron import ACTIVATIONS
from tinygrad_nn.train import Callback, Diverged, EarlyStopping

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROOT = Path(__file__).resolve().parents[2]
TO_THE_END: dict[str, Any] = {"tol": 0, "n_iter_no_change": np.inf}


def two_layers(n_features: int, n_outputs: int, width: int = 16) -> nn.Module:
    return nn.Sequential(nn.Linear(n_features, width), nn.ReLU(), nn.Linear(width, n_outputs))


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


@pytest.fixture(scope="module")
def line() -> tuple[Any, Any]:
    X = np.linspace(-1, 1, 120)[:, None]
    return X, np.sin(3 * X[:, 0])


# -- scikit-learn's own checks -------------------------------------------------------------------

CHECKED = {
    "MLPClassifier": MLPClassifier(max_iter=30),
    "MLPRegressor": MLPRegressor(max_iter=30, learning_rate_init=0.01),
    "ModuleClassifier": ModuleClassifier(two_layers, max_iter=60),
    "ModuleRegressor": ModuleRegressor(two_layers, max_iter=30, learning_rate_init=0.01),
}
NOT_RUN = {
    "check_array_api_input": "SCIPY_ARRAY_API is not set",
    "check_classifiers_multilabel_output_format_decision_function": "there is no decision_function, as in scikit-learn's MLP",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKED)
def test_scikit_learns_checks_pass(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(CHECKED[name], on_fail=None)
    assert len(results) > 50
    failed = [(r["check_name"], r["exception"]) for r in results if r["status"] not in ("passed", "skipped")]
    assert failed == []
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= set(NOT_RUN)


def test_pipeline_grid_search_and_cross_validation() -> None:
    X, y = load_iris(return_X_y=True)
    net = MLPClassifier((16,), learning_rate_init=0.02, max_iter=60, random_state=0)
    pipeline = make_pipeline(StandardScaler(), net)
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    search = GridSearchCV(
        pipeline, {"mlpclassifier__activation": ["tanh", ["gelu"]], "mlpclassifier__dropout": [0.0, 0.1]}, cv=2
    )
    assert search.fit(X, y).best_score_ > 0.9
    assert len(search.cv_results_["params"]) == 4
    modules = GridSearchCV(
        ModuleClassifier(two_layers, learning_rate_init=0.02, max_iter=40, random_state=0),
        {"module_params": [{"width": 1}, {"width": 24}]},
        cv=2,
    )
    assert modules.fit(StandardScaler().fit_transform(X), y).best_params_ == {"module_params": {"width": 24}}


@pytest.mark.parametrize(
    "net", [MLPClassifier((8,), max_iter=3, random_state=0), ModuleClassifier(two_layers, max_iter=3, random_state=0)]
)
def test_pickling_keeps_the_predictions_and_how_training_goes_on(net: Any, digits: Any) -> None:
    X, y = digits
    net = clone(net).partial_fit(X, y, classes=range(10))
    other = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(net.predict_proba(X), other.predict_proba(X))
    np.testing.assert_array_equal(net.partial_fit(X, y).predict_proba(X), other.partial_fit(X, y).predict_proba(X))


def test_a_data_frame_gives_names() -> None:
    pandas = pytest.importorskip("pandas", reason="data frames are pandas'")
    frame = load_iris(as_frame=True)
    X, y = frame.data, frame.target.map({0: "a", 1: "b", 2: "c"})
    net = MLPClassifier((8,), max_iter=5, random_state=0).fit(X, y)
    assert list(net.feature_names_in_) == list(X.columns)
    assert isinstance(X, pandas.DataFrame)
    assert set(net.predict(X)) <= {"a", "b", "c"}
    with pytest.raises(ValueError, match="feature names"):
        net.predict(X.rename(columns={X.columns[0]: "other"}))


def test_without_scikit_learn_one_line_names_the_command() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = sys.modules['sklearn.base'] = None\n"
        "from tinygrad_nn.interop.sklearn import MLPClassifier\n"
        "try: MLPClassifier()\nexcept ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == 'MLPClassifier needs scikit-learn: pip install "tinygrad_nn[sklearn]"\n'


# -- the same steps as scikit-learn's MLP --------------------------------------------------------


def begins_as(other: Any, kind: type) -> Any:
    """Our estimator whose network begins with the weights that scikit-learn's begins with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = clone(other).set_params(learning_rate_init=1e-300, max_iter=1, learning_rate="constant")

    class Beginning(kind):  # type: ignore[misc]
        def fit(self, X: Any, y: Any, **fitting: Any) -> Any:
            first.fit(X, y)
            return super().fit(X, y, **fitting)

        def _network(self, n_inputs: Any, n_outputs: int) -> Any:
            network = super()._network(n_inputs, n_outputs).double()
            layers = [layer for layer in network if isinstance(layer, nn.Linear)]
            for layer, weight, bias in zip(layers, first.coefs_, first.intercepts_, strict=True):
                layer.weight.data.copy_(tg.from_numpy(np.ascontiguousarray(weight.T)))
                layer.bias.data.copy_(tg.from_numpy(bias.copy()))
            return network

        @classmethod
        def _get_param_names(cls) -> list[str]:
            return kind._get_param_names()  # type: ignore[attr-defined,no-any-return]

    return Beginning(**{name: value for name, value in other.get_params().items() if name in kind._get_param_names()})  # type: ignore[attr-defined]


SETTINGS: dict[str, dict[str, Any]] = {
    "sgd": dict(solver="sgd", learning_rate_init=0.05, alpha=0.1),
    "sgd without momentum": dict(solver="sgd", momentum=0.0, learning_rate_init=0.1),
    "heavy ball": dict(solver="sgd", nesterovs_momentum=False, learning_rate_init=0.05),
    "inverse scaling": dict(
        solver="sgd", learning_rate="invscaling", momentum=0.0, learning_rate_init=0.5, power_t=0.3
    ),
    "adaptive": dict(
        solver="sgd", learning_rate="adaptive", momentum=0.0, learning_rate_init=0.3, tol=0.5, n_iter_no_change=1
    ),
    "adam": dict(solver="adam", learning_rate_init=0.01, alpha=0.01),
    "tanh": dict(activation="tanh", hidden_layer_sizes=(12, 7)),
    "logistic": dict(activation="logistic", solver="sgd", learning_rate_init=0.5),
    "identity": dict(activation="identity"),
}


def trained_alike(kind: str, settings: dict[str, Any], X: Any, y: Any, **fitting: Any) -> tuple[Any, Any]:
    """Both after the same epochs from the same weights, no shuffling."""
    common = {"hidden_layer_sizes": (12,), "shuffle": False, "batch_size": 40, "random_state": 0, "max_iter": 8}
    # Kingma and Ba put epsilon in one place in their algorithm and in another in its faster form: it must not count
    other = getattr(theirs, kind)(**{**common, "epsilon": 1e-20, **settings})
    ours = begins_as(other, {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[kind])
    return other.fit(X, y, **fitting), ours.fit(X, y, **fitting)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "two outputs"])
def test_training_takes_the_steps_of_scikit_learn(name: str, task: str, digits: Any) -> None:
    X, labels = digits[0][:200], digits[1][:200]
    y = {
        "binary": labels > 4,
        "multiclass": labels,
        "regression": labels / 9.0,
        "two outputs": np.stack([labels / 9.0, X.sum(1) / 30], 1),
    }[task]
    settings = dict(SETTINGS[name])
    if "out" in task or task == "regression":
        settings["learning_rate_init"] = settings.get("learning_rate_init", 0.001) / 5
    kind = "MLPRegressor" if task in ("regression", "two outputs") else "MLPClassifier"
    other, ours = trained_alike(kind, settings, X, y)
    assert ours.n_layers_ == other.n_layers_ and ours.n_outputs_ == other.n_outputs_
    assert ours.out_activation_ == other.out_activation_
    assert ours.n_iter_ == other.n_iter_ and ours.t_ == other.t_
    for mine, expected in zip([*ours.coefs_, *ours.intercepts_], [*other.coefs_, *other.intercepts_], strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-7)
    if kind == "MLPClassifier":
        np.testing.assert_allclose(ours.predict_proba(X), other.predict_proba(X), rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(ours.predict_log_proba(X), other.predict_log_proba(X), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours.predict(X), other.predict(X), rtol=1e-5)


def test_the_loss_curve_is_that_of_scikit_learn(digits: Any) -> None:
    X, y = digits[0][:200], digits[1][:200]
    other, ours = trained_alike("MLPClassifier", {"alpha": 0.0}, X, y)
    np.testing.assert_allclose(ours.loss_curve_, other.loss_curve_, rtol=1e-6)
    assert ours.loss_ == ours.loss_curve_[-1] and len(ours.loss_curve_) == 8


def test_sample_weights_are_those_of_scikit_learn(digits: Any) -> None:
    """On the whole data at once: within batches scikit-learn divides by the batch's own weights."""
    X, y = digits[0][:200], digits[1][:200]
    weights = np.random.default_rng(0).random(200)
    if not has_fit_parameter(theirs.MLPClassifier(), "sample_weight"):
        pytest.skip("scikit-learn's MLP has no sample_weight before 1.7")
    other, ours = trained_alike("MLPClassifier", {"batch_size": 200, "alpha": 0.1}, X, y, sample_weight=weights)
    for mine, expected in zip(ours.coefs_, other.coefs_, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-8)


def test_lbfgs_finds_the_minimum_that_scikit_learn_finds() -> None:
    """Without a hidden layer the objective is convex: there is one minimum."""
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    common = dict(hidden_layer_sizes=(), solver="lbfgs", alpha=1.0, max_iter=500, random_state=0, tol=1e-6)
    other, ours = theirs.MLPClassifier(**common).fit(X, y), MLPClassifier(**common).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), other.predict_proba(X), atol=1e-4)
    assert ours.loss_ == pytest.approx(other.loss_, rel=1e-6)
    assert 1 < ours.n_iter_ < 500


# -- what there is besides -----------------------------------------------------------------------


def test_early_stopping_keeps_the_best_weights_and_the_curves(digits: Any) -> None:
    X, y = digits
    weights: list[Any] = []

    def watch(training: Any) -> None:
        weights.append([p.array.copy() for p in training.model.parameters()])

    net = MLPClassifier(
        (32,), early_stopping=True, callbacks=[watch], n_iter_no_change=3, learning_rate_init=0.02, random_state=1
    ).fit(X, y)
    scores = net.validation_scores_
    assert len(scores) == len(net.validation_loss_curve_) == len(net.loss_curve_) == net.n_iter_ < 200
    assert net.best_validation_score_ == max(scores)
    best = int(np.argmax(scores))
    assert all(score < scores[best] + net.tol for score in scores[best + 1 :])
    assert net.n_iter_ - 1 - best >= 3
    for parameter, kept in zip(net.module_.parameters(), weights[best], strict=True):
        np.testing.assert_array_equal(parameter.array, kept)
    assert not np.array_equal(weights[best][0], weights[-1][0])
    assert list(net.history_)[:2] == ["epoch", "loss"] and "validation loss" in net.history_


def test_early_stopping_of_a_regressor_scores_r2(line: Any) -> None:
    net = MLPRegressor(
        hidden_layer_sizes=(32,), early_stopping=True, learning_rate_init=0.02, random_state=0, **TO_THE_END
    ).fit(*line)
    assert 0.9 < net.best_validation_score_ <= 1


def test_class_weights_are_sample_weights(digits: Any) -> None:
    X, y = digits
    classes = {k: 1.0 + k for k in range(10)}
    common = dict(hidden_layer_sizes=(8,), max_iter=3, random_state=0)
    by_class = MLPClassifier(class_weight=classes, **common).fit(X, y)
    by_sample = MLPClassifier(**common).fit(X, y, sample_weight=1.0 + y)
    np.testing.assert_array_equal(by_class.coefs_[0], by_sample.coefs_[0])
    assert not np.array_equal(by_class.coefs_[0], MLPClassifier(**common).fit(X, y).coefs_[0])


def test_a_weight_of_zero_is_as_if_the_sample_were_not_there(digits: Any) -> None:
    X, y = digits
    weights = (np.arange(len(y)) % 3 > 0).astype(float)
    common = dict(hidden_layer_sizes=(8,), max_iter=3, random_state=0)
    np.testing.assert_array_equal(
        MLPClassifier(**common).fit(X, y, weights).coefs_[0],
        MLPClassifier(**common).fit(X[weights > 0], y[weights > 0]).coefs_[0],
    )


def test_weights_within_batches_are_without_bias() -> None:
    """The mean of the batches' gradients is that of the weighted loss, whatever the batches: one SGD pass shows it."""
    rng = np.random.default_rng(0)
    X, y, weights = rng.standard_normal((40, 1)), rng.standard_normal(40), rng.random(40)
    net = MLPRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        momentum=0,
        alpha=0,
        learning_rate_init=1e-7,
        batch_size=10,
        max_iter=1,
        random_state=0,
    )
    start = clone(net).set_params(learning_rate_init=1e-30).fit(X, y, weights)
    moved = net.fit(X, y, weights)
    w, b = start.coefs_[0][0, 0], start.intercepts_[0][0]
    slope = np.average((X[:, 0] * w + b - y) * X[:, 0], weights=weights)
    assert (w - moved.coefs_[0][0, 0]) / (4 * 1e-7) == pytest.approx(slope, rel=1e-4)


def test_activation_and_dropout_of_each_layer() -> None:
    X, y = load_iris(return_X_y=True)
    net = MLPClassifier((6, 5, 4), activation=["tanh", nn.PReLU(), nn.GELU], dropout=[0.1, 0, 0.3], max_iter=2).fit(
        X, y
    )
    kinds = [type(layer).__name__ for layer in net.module_]
    assert kinds == ["Linear", "Tanh", "Dropout", "Linear", "PReLU", "Linear", "GELU", "Dropout", "Linear"]
    assert [layer.p for layer in net.module_ if isinstance(layer, nn.Dropout)] == [0.1, 0.3]
    assert [weight.shape for weight in net.coefs_] == [(4, 6), (6, 5), (5, 4), (4, 3)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_learns(name: str, line: Any) -> None:
    X, y = 4 * line[0], line[1]
    net = MLPRegressor(hidden_layer_sizes=(16,), activation=name, solver="lbfgs", max_iter=100, random_state=1).fit(
        X, y
    )
    assert net.score(X, y) > (0.6 if name == "identity" else 0.95)


def test_first_weights_are_glorots(digits: Any) -> None:
    net = MLPClassifier((50,), learning_rate_init=1e-30, max_iter=1, random_state=0).fit(*digits)
    bound = np.sqrt(6 / (64 + 50))
    assert 0.98 * bound < np.abs(net.coefs_[0]).max() <= bound
    logistic = MLPClassifier((50,), "logistic", learning_rate_init=1e-30, max_iter=1, random_state=0).fit(*digits)
    assert 0.98 < np.abs(logistic.coefs_[0]).max() / np.sqrt(2 / (64 + 50)) <= 1


@pytest.mark.parametrize("solver", [optim.NAdam, optim.AdamW, lambda params, lr: optim.RMSprop(params, lr=lr / 4)])
def test_any_optimizer(solver: Any, line: Any) -> None:
    assert (
        MLPRegressor(
            "squared_error",
            32,
            "tanh",
            solver=solver,
            learning_rate_init=0.02,
            max_iter=400,
            random_state=0,
            **TO_THE_END,
        )
        .fit(*line)
        .score(*line)
        > 0.95
    )


def test_callbacks_see_the_training_and_can_end_it(digits: Any) -> None:
    seen: list[Any] = []

    class Watch(Callback):
        def on_fit_begin(self, training: Any) -> None:
            seen.append("begin")

        def on_batch_end(self, training: Any) -> None:
            seen.append(training.step)

        def on_epoch_end(self, training: Any) -> None:
            training.row["norm"] = float(sum((p * p).sum() for p in training.model.parameters()))
            if training.epoch == 2:
                training.stop("enough")

        def on_fit_end(self, training: Any) -> None:
            seen.append("end")

    net = MLPClassifier((8,), batch_size=200, callbacks=[Watch(), lambda training: seen.append(training.epoch)]).fit(
        *digits
    )
    assert seen == ["begin", 1, 2, 3, 1, 4, 5, 6, 2, "end"]
    assert net.n_iter_ == 2 and len(net.history_["norm"]) == 2 and net.history_.stopped == "enough"


def test_early_stopping_of_the_training_package_works_here(digits: Any) -> None:
    net = MLPClassifier(
        (8,), max_iter=50, tol=0, n_iter_no_change=99, callbacks=[EarlyStopping("loss", patience=2, min_delta=10.0)]
    ).fit(*digits)
    assert net.n_iter_ == 3 and net.history_.best_epoch == 1


def test_warm_start_goes_on_and_a_fresh_fit_begins_anew(digits: Any) -> None:
    X, y = digits
    net = MLPClassifier((8,), max_iter=3, warm_start=True, random_state=0)
    first = net.fit(X, y).loss_
    assert net.fit(X, y).loss_ < first and len(net.loss_curve_) == 6
    assert len(net.set_params(warm_start=False).fit(X, y).loss_curve_) == 3
    with pytest.raises(ValueError, match="y: classes that were not there before"):
        net.set_params(warm_start=True).fit(X, y + 1)


def test_partial_fit_is_a_pass_and_equals_fit_of_one_epoch(digits: Any) -> None:
    X, y = digits
    once = MLPClassifier((8,), max_iter=1, random_state=0).fit(X, y)
    part = MLPClassifier((8,), random_state=0).partial_fit(X, y, classes=np.arange(10))
    np.testing.assert_array_equal(once.coefs_[0], part.coefs_[0])
    for _ in range(4):
        part.partial_fit(X[:100], y[:100])
    assert part.n_iter_ == 1 and len(part.loss_curve_) == 5 and part.t_ == 1000
    few = MLPClassifier((8,)).partial_fit(X[y < 3], y[y < 3], classes=np.arange(10))
    assert few.predict_proba(X).shape == (600, 10)


def test_the_seed_decides_and_the_global_generator_is_left_alone(digits: Any) -> None:
    X, y = digits
    state = tg.get_rng_state()
    unmoved = [MLPClassifier((8,), learning_rate_init=1e-300, max_iter=1, random_state=k).fit(X, y) for k in (3, 4)]
    assert not np.array_equal(unmoved[0].coefs_[0], unmoved[1].coefs_[0])
    nets = [MLPClassifier((8,), dropout=0.2, max_iter=2, random_state=seed).fit(X, y) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(nets[0].coefs_[0], nets[1].coefs_[0])
    assert not np.array_equal(nets[0].coefs_[0], nets[2].coefs_[0])
    assert bool((tg.get_rng_state() == state).all())


def test_compiled_steps_give_the_same_weights(digits: Any) -> None:
    common = dict(hidden_layer_sizes=(16,), max_iter=4, random_state=0, dropout=0.1)
    plain, compiled = MLPClassifier(**common).fit(*digits), MLPClassifier(compile=True, **common).fit(*digits)
    np.testing.assert_allclose(plain.coefs_[0], compiled.coefs_[0], rtol=1e-9)


def test_the_dtype_is_that_of_the_data_unless_given(digits: Any) -> None:
    X, y = digits
    assert MLPClassifier((4,), max_iter=1).fit(X, y).coefs_[0].dtype == np.float64
    assert MLPClassifier((4,), max_iter=1).fit(X.astype(np.float32), y).coefs_[0].dtype == np.float32
    assert MLPClassifier((4,), max_iter=1, dtype="float32").fit(X, y).predict_proba(X).dtype == np.float32


def test_several_labels_at_once() -> None:
    X, Y = make_multilabel_classification(200, n_classes=4, random_state=0)
    X = StandardScaler().fit_transform(X)
    net = MLPClassifier((32,), learning_rate_init=0.02, random_state=0).fit(X, Y)
    assert net.predict(X).shape == Y.shape and net.score(X, Y) > 0.9
    np.testing.assert_array_equal(net.predict(X), net.predict_proba(X) > 0.5)
    other = theirs.MLPClassifier((32,), learning_rate_init=0.02, random_state=0).fit(X, Y)
    assert net.out_activation_ == other.out_activation_ == "logistic" and net.n_outputs_ == other.n_outputs_ == 4


def test_sparse_data_give_what_dense_data_give(digits: Any) -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="sparse matrices are SciPy's")
    X, y = digits
    common = dict(hidden_layer_sizes=(8,), max_iter=2, random_state=0)
    dense, thin = MLPClassifier(**common).fit(X, y), MLPClassifier(**common).fit(sparse.csr_matrix(X), y)
    np.testing.assert_allclose(dense.predict_proba(X), thin.predict_proba(sparse.csr_array(X)), rtol=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson"])
def test_each_loss_finds_its_own_middle(loss: str) -> None:
    """Of a constant the best is the mean, for absolute errors the median; Huber's lies where clipped errors sum to 0."""
    y = np.array([0.0, 1.0, 2.0, 3.0, 14.0] * 8)
    net = MLPRegressor(loss, (), alpha=0, learning_rate_init=0.1, max_iter=800, random_state=0, **TO_THE_END)
    found = net.fit(np.zeros((40, 1)), y).predict([[0.0]])[0]
    middle = {"squared_error": 4.0, "absolute_error": 2.0, "huber": 2.0, "poisson": 4.0}[loss]
    assert found == pytest.approx(middle, abs=0.06)


# -- any Module ----------------------------------------------------------------------------------


def test_a_module_is_copied_and_a_factory_is_told_the_sizes(digits: Any) -> None:
    X, y = digits
    module = two_layers(64, 10)
    before = module[0].weight.array.copy()
    net = ModuleClassifier(module, max_iter=2).fit(X, y)
    np.testing.assert_array_equal(module[0].weight.array, before)
    assert not np.array_equal(net.module_[0].weight.array, before)
    told: list[Any] = []

    def factory(*sizes: int) -> nn.Module:
        told.append(sizes)
        return two_layers(*sizes)

    ModuleClassifier(factory, max_iter=1).fit(X, y)
    ModuleRegressor(factory, max_iter=1).fit(X, np.stack([y, y, y], 1))
    assert told == [(64, 10), (64, 3)]


def test_images_go_into_convolutions(digits: Any) -> None:
    X, y = digits

    def convolutional(shape: tuple[int, ...], classes: int) -> nn.Module:
        assert shape == (1, 8, 8)
        return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, classes))

    net = ModuleClassifier(convolutional, learning_rate_init=0.01, max_iter=15, random_state=0).fit(
        X.reshape(-1, 1, 8, 8), y
    )
    assert net.score(X.reshape(-1, 1, 8, 8), y) > 0.9


@pytest.mark.parametrize("outputs", [(1, "logistic"), (2, "softmax"), (0, "logistic")])
def test_two_classes_with_one_logit_or_two(outputs: tuple[int, str]) -> None:
    X, y = load_iris(return_X_y=True)
    X, y = X[:100], np.array(["setosa", "versicolor"])[y[:100]]
    count, kind = outputs
    module = nn.Linear(4, count) if count else nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))
    net = ModuleClassifier(module, learning_rate_init=0.1, random_state=0).fit(X, y)
    assert net.out_activation_ == kind and net.score(X, y) == 1
    np.testing.assert_allclose(net.predict_proba(X).sum(1), 1)


def test_a_criterion_of_ones_own(digits: Any) -> None:
    X, y = digits
    module = two_layers(64, 10)
    common = dict(max_iter=2, random_state=0)
    own = ModuleClassifier(module, nn.CrossEntropyLoss(reduction="none"), **common).fit(X, y)
    usual = ModuleClassifier(module, **common).fit(X, y)
    np.testing.assert_allclose(own.predict_proba(X), usual.predict_proba(X), rtol=1e-6)
    smooth = ModuleRegressor(nn.Linear(64, 1), nn.SmoothL1Loss(reduction="none"), max_iter=2).fit(X, y)
    assert np.isfinite(smooth.predict(X)).all()


# -- what is refused -----------------------------------------------------------------------------

X4, Y4 = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])

REFUSED = [
    (MLPClassifier(alpha=-1), r"MLPClassifier: alpha\n  got: -1\n  fix: a number, 0 or more"),
    (MLPClassifier(batch_size=0), r'MLPClassifier: batch_size\n  got: 0\n  fix: a positive integer or "auto"'),
    (MLPClassifier(max_iter=0), r"MLPClassifier: max_iter\n  got: 0"),
    (MLPClassifier(learning_rate="slow"), r"MLPClassifier: learning_rate\n  got: 'slow'"),
    (MLPClassifier(learning_rate_init=0), r"MLPClassifier: learning_rate_init\n  got: 0"),
    (MLPClassifier(validation_fraction=1.0), r"MLPClassifier: validation_fraction\n  got: 1.0"),
    (MLPClassifier(dtype="float16"), r"MLPClassifier: dtype\n  got: 'float16'"),
    (MLPClassifier(hidden_layer_sizes=(3, 0)), r"hidden_layer_sizes: positive integers\n  got: \(3, 0\)"),
    (MLPClassifier(activation="magic"), r"activation: unknown name\n  got: 'magic'"),
    (
        MLPClassifier((3, 3), activation=["relu"]),
        r"activation: one for each hidden layer, or one for all\n  got: 1 for 2",
    ),
    (MLPClassifier((3, 3), dropout=[0.5]), r"dropout: one for each hidden layer, or one for all\n  got: 1 for 2"),
    (MLPClassifier(solver="magic"), r"solver: unknown\n  got: 'magic'"),
    (MLPClassifier(early_stopping=True), r"."),
    (ModuleClassifier(nn.Linear(2, 5)), r"outputs do not fit the classes\n  got: 5 outputs for 2 classes"),
    (ModuleClassifier(nn.Linear(2, 2), module_params={"width": 3}), r"module_params are for a factory"),
    (ModuleClassifier(nn.ReLU()), r"module: it has no parameters to train"),
    (MLPRegressor("magic"), r"loss: unknown name\n  got: 'magic'"),
    (ModuleRegressor(nn.Linear(2, 3)), r"outputs do not fit the targets\n  got: 3 outputs for 1 targets"),
]


@pytest.mark.parametrize(("net", "words"), REFUSED, ids=[words[:40] for _, words in REFUSED])
def test_what_does_not_fit_is_refused_with_a_reason(net: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        net.fit(X4, Y4)


def test_weights_are_checked() -> None:
    for weights, words in [
        (np.ones(3), r"sample_weight: one weight for each sample\n  got: shape \(3,\) for 4 samples"),
        ([1, -1, 1, 1], "sample_weight: finite numbers, none of them negative"),
        (np.zeros(4), "sample_weight: all weights are zero"),
    ]:
        with pytest.raises(ValueError, match=words):
            MLPClassifier().fit(X4, Y4, sample_weight=weights)


def test_partial_fit_says_what_it_needs() -> None:
    with pytest.raises(ValueError, match="partial_fit: the first call needs all classes"):
        MLPClassifier().partial_fit(X4, Y4)
    begun = MLPClassifier().partial_fit(X4, Y4, classes=[0, 1])
    with pytest.raises(ValueError, match="`classes` differs from the first call"):
        begun.partial_fit(X4, Y4, classes=[0, 2])
    with pytest.raises(ValueError, match="class_weight='balanced' needs all samples"):
        MLPClassifier(class_weight="balanced").partial_fit(X4, Y4, classes=[0, 1])
    for options in ({"early_stopping": True}, {"solver": "lbfgs"}):
        with pytest.raises(ValueError, match="partial_fit: it makes one pass in batches"):
            MLPRegressor(**options).partial_fit(X4, Y4)


def test_other_mistakes_are_named() -> None:
    with pytest.raises(NotFittedError):
        MLPClassifier().predict(X4)
    with pytest.raises(AttributeError, match="MLPClassifier is not fitted yet: call fit first"):
        _ = MLPClassifier().coefs_
    with pytest.raises(TypeError, match="module is neither a Module nor a function that makes one"):
        ModuleRegressor(3).fit(X4, Y4)
    with pytest.raises(TypeError, match="activation: neither a name nor a module"):
        MLPClassifier(activation=int).fit(X4, Y4)
    with pytest.raises(
        RuntimeError, match=r'criterion: it must give a loss for each sample.*\n.*\n  fix: reduction="none"'
    ):
        ModuleRegressor(nn.Linear(2, 1), nn.MSELoss()).fit(X4, Y4, sample_weight=[1, 2, 3, 4])
    with pytest.raises(ValueError, match="y: several labels at once are columns of 0 and 1"):
        MLPClassifier().fit(X4, np.array([[0, 1], [2, 1], [0, 3], [1, 1]]))
    with pytest.raises(ValueError, match="y: another number of targets than before"):
        MLPRegressor(max_iter=1, warm_start=True).fit(X4, Y4).fit(X4, np.stack([Y4, Y4], 1))


def test_divergence_names_the_step_and_the_cure() -> None:
    net = MLPRegressor(solver="sgd", learning_rate_init=1e6, momentum=0, batch_size=1, random_state=0)
    words = r"(?s)fit: the loss became (inf|nan) in epoch \d+ \(step \d+\)\n  got: .*\n  fix: scale the features \(StandardScaler"
    X, y = np.tile(X4, (10, 1)) * 1e6, np.tile(Y4, 10)
    with pytest.raises(Diverged, match=words) as caught:
        net.fit(X, y)
    assert 1 < caught.value.step < 40  # at that step, not at the end of the epoch


def test_too_few_epochs_are_warned_about() -> None:
    with pytest.warns(ConvergenceWarning, match="max_iter=2 reached, and training has not converged"):
        MLPClassifier(max_iter=2).fit(X4, Y4)


def test_ctrl_c_keeps_what_was_learned(digits: Any) -> None:
    def interrupt(training: Any) -> None:
        if training.epoch == 2:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        net = MLPClassifier((8,), callbacks=[interrupt]).fit(*digits)
    assert net.history_.stopped == "Ctrl-C" and net.predict(digits[0]).shape == (600,)


def test_verbose_prints_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    MLPClassifier(max_iter=2, verbose=True).fit(X4, Y4)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
