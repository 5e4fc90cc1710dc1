"""SummaryWriter: PyTorch's methods, our tensors, tensorboardX's files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, DTypeError, MissingPackage, message
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.utils.tensorboard.graph import operations

__all__ = ["SummaryWriter"]


def _tensorboard_x() -> Any:
    """The package, or one line that names the command that installs it."""
    try:
        import tensorboardX
    except ImportError:
        raise MissingPackage(
            'SummaryWriter needs the package tensorboardX: pip install "tinygrad_nn[tensorboard]"'
        ) from None
    return tensorboardX


class SummaryWriter:
    """Writes event files that `tensorboard --logdir runs` shows.

    log_dir:  where to; "runs/<date>_<host><comment>" if None
    comment:  the end of that name
    purge_step: a run that goes on from this step hides what an earlier one wrote from there on
    max_queue, flush_secs: so many events, or seconds, may wait before they are written
    filename_suffix: the end of the file's name

    Values may be tensors (with or without gradient), arrays or numbers. Use it in a `with`, or call
    `close()`. Raises ImportError, naming the pip command, where tensorboardX is not installed.

        with SummaryWriter("runs/first") as writer:
            for step, loss in enumerate(losses):
                writer.add_scalar("loss", loss, step)
    """

    def __init__(
        self, log_dir: str | os.PathLike[str] | None = None, comment: str = "", purge_step: int | None = None,
        max_queue: int = 10, flush_secs: float = 120, filename_suffix: str = "",
    ) -> None:  # fmt: skip
        library = _tensorboard_x()
        where = None if log_dir is None else os.fspath(log_dir)
        self._writer: Any = library.SummaryWriter(
            where, comment, purge_step, max_queue, flush_secs, filename_suffix
        )  # fmt: skip
        self.log_dir: str = self._writer.logdir

    def get_logdir(self) -> str:
        """The directory of the event files."""
        return self.log_dir

    # -- numbers -----------------------------------------------------------------------------------

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: int | None = None, walltime: float | None = None,
        new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        """One number of a curve. `new_style` and `double_precision` are PyTorch's; files hold float32.

        Raises ValueError for what is not one number.
        """
        self._writer.add_scalar(tag, _scalar("add_scalar", tag, scalar_value), global_step, walltime)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: int | None = None, walltime: float | None = None
    ) -> None:  # fmt: skip
        """Several curves in one picture: {name: number}. Each is a run of its own, "log_dir/main_tag_name"."""
        if not isinstance(tag_scalar_dict, Mapping):
            raise DTypeError(
                message(
                    "add_scalars: a dictionary {name: number} is needed",
                    got=type(tag_scalar_dict).__name__,
                    fix="add_scalar for a single number",
                )
            )
        values = {name: _scalar("add_scalars", name, value) for name, value in tag_scalar_dict.items()}
        self._writer.add_scalars(main_tag, values, global_step, walltime)

    def add_histogram(
        self, tag: str, values: Any, global_step: int | None = None, bins: Any = "tensorflow",
        walltime: float | None = None, max_bins: int | None = None,
    ) -> None:  # fmt: skip
        """How numbers are distributed: of a weight, a gradient, an activation.

        bins: "tensorflow" (they grow by a tenth), or what `numpy.histogram` takes.
        Raises ValueError for values that are empty or not finite.
        """
        array = _array(values)
        if not array.size or not np.isfinite(array).all():
            got = (
                f"{tag!r}: {'no values' if not array.size else f'{(~np.isfinite(array)).sum()} NaN or infinite values'}"
            )
            raise ArgumentError(
                message("add_histogram: finite values are needed", got=got, fix="values[values.isfinite()]")
            )
        self._writer.add_histogram(tag, array, global_step, bins, walltime, max_bins)

    def add_pr_curve(
        self, tag: str, labels: Any, predictions: Any, global_step: int | None = None, num_thresholds: int = 127,
        weights: Any = None, walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Precision against recall: labels 0 or 1, predictions in [0, 1], of one shape.

        Raises ValueError where the shapes differ.
        """
        truth, scores = _array(labels), _array(predictions)
        if truth.shape != scores.shape:
            raise ArgumentError(
                message(
                    "add_pr_curve: labels and predictions differ in shape",
                    got=f"{truth.shape} and {scores.shape}",
                    fix="one class at a time: probs[:, k] and target == k",
                )
            )
        weighting = None if weights is None else _array(weights)
        self._writer.add_pr_curve(tag, truth, scores, global_step, num_thresholds, weighting, walltime)

    # -- pictures and text -------------------------------------------------------------------------

    def add_image(
        self, tag: str, img_tensor: Any, global_step: int | None = None, walltime: float | None = None, dataformats: str = "CHW"
    ) -> None:  # fmt: skip
        """A picture: uint8 in 0..255 or floats in [0, 1], its dimensions as `dataformats` says ("CHW", "HWC", "HW").

        Raises ValueError where the letters do not fit the shape.
        """
        array = _picture("add_image", img_tensor, dataformats)
        self._writer.add_image(tag, array, global_step, walltime, dataformats)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: int | None = None, walltime: float | None = None, dataformats: str = "NCHW"
    ) -> None:  # fmt: skip
        """Several pictures side by side: "NCHW" or "NHWC", values as for `add_image`."""
        array = _picture("add_images", img_tensor, dataformats)
        self._writer.add_images(tag, array, global_step, walltime, dataformats)

    def add_figure(
        self, tag: str, figure: Any, global_step: int | None = None, close: bool = True, walltime: float | None = None
    ) -> None:  # fmt: skip
        """A matplotlib figure, or several; closed afterwards unless `close` is False."""
        self._writer.add_figure(tag, figure, global_step, close, walltime)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Words, in Markdown. Raises TypeError for what is not a string."""
        if not isinstance(text_string, str):
            raise DTypeError(message("add_text: a string is needed", got=type(text_string).__name__, fix="str(value)"))
        self._writer.add_text(tag, text_string, global_step, walltime)

    # -- a whole run -------------------------------------------------------------------------------

    def add_hparams(
        self, hparam_dict: Mapping[str, Any], metric_dict: Mapping[str, Any], run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:  # fmt: skip
        """Hyperparameters and what came of them, as a row of the table HPARAMS (a run of its own in log_dir).

        hparam_dict: {name: number, string or bool}; metric_dict: {name: number}; run_name: the time if None.
        Raises TypeError for what is not a dictionary or for another kind of hyperparameter.
        """
        for word, given in (("hparam_dict", hparam_dict), ("metric_dict", metric_dict)):
            if not isinstance(given, Mapping):
                raise DTypeError(message(f"add_hparams: {word} must be a dictionary", got=type(given).__name__))
        settings = {name: _setting(name, value) for name, value in hparam_dict.items()}
        metrics = {name: _scalar("add_hparams", name, value) for name, value in metric_dict.items()}
        self._writer.add_hparams(settings, metrics, run_name, global_step)

    def add_graph(
        self, model: Any, input_to_model: Any, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:  # fmt: skip
        """The operations of a model's forward pass, folded into its modules.

        input_to_model: a tensor, or a tuple of what the forward takes. The model is run once, in
        evaluation mode without gradients. verbose: print them, too. `use_strict_trace` is PyTorch's, and has no effect.
        """
        args = input_to_model if isinstance(input_to_model, tuple | list) else (input_to_model,)
        found = operations(model, tuple(args))
        if verbose:
            for one in found:
                print(f"{one.path} = {one.kind}({', '.join(one.inputs)})  {one.shape}")
        _tensorboard_x()
        from tensorboardX.proto import (
            attr_value_pb2,
            event_pb2,
            graph_pb2,
            node_def_pb2,
            tensor_shape_pb2,
            versions_pb2,
        )

        def shape_of(sizes: tuple[int, ...]) -> Any:
            dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=n) for n in sizes]
            shape = tensor_shape_pb2.TensorShapeProto(dim=dims)
            return attr_value_pb2.AttrValue(list=attr_value_pb2.AttrValue.ListValue(shape=[shape]))

        nodes = [
            node_def_pb2.NodeDef(
                name=one.path, op=one.kind, input=one.inputs, attr={"_output_shapes": shape_of(one.shape)}
            )
            for one in found
        ]
        graph = graph_pb2.GraphDef(node=nodes, versions=versions_pb2.VersionDef(producer=22))
        self._writer._get_file_writer().add_event(event_pb2.Event(graph_def=graph.SerializeToString()))

    # -- the end -----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write out what waits."""
        self._writer.flush()

    def close(self) -> None:
        """Write out what waits, and close the files."""
        self._writer.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self.close()


def _array(value: Any) -> Any:
    """A tensor's, a list's or a number's values as an array of a dtype that NumPy calculates with."""
    if type(value) in TYPES:
        value = value.array
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.kind == "V" or array.dtype.name == "bfloat16" else array


def _scalar(what: str, tag: str, value: Any) -> float:
    """One number. ValueError for several, or none."""
    array = _array(value)
    if array.size != 1 or array.dtype.kind not in "fiub":
        got = f"{tag!r}: shape {array.shape}" if array.dtype.kind in "fiub" else f"{tag!r}: {type(value).__name__}"
        raise ArgumentError(
            message(f"{what}: one number is needed", got=got, fix="value.mean(), or add_histogram for many")
        )
    return float(array.reshape(()))


def _picture(what: str, value: Any, dataformats: str) -> Any:
    """An array whose rank the letters fit. ValueError otherwise."""
    array = _array(value)
    if len(dataformats) != array.ndim:
        raise ArgumentError(
            message(
                f"{what}: dataformats has a letter for each dimension",
                got=f"dataformats={dataformats!r} for shape {array.shape}",
                fix={
                    2: 'dataformats="HW"',
                    3: 'add_image, dataformats="CHW" or "HWC"',
                    4: 'add_images, "NCHW" or "NHWC"',
                }.get(array.ndim, "a picture has 2 or 3 dimensions, several have 4"),
            )
        )
    return array


def _setting(name: str, value: Any) -> Any:
    """A hyperparameter as the table holds it."""
    if isinstance(value, str | bool):
        return value
    array = _array(value)
    if array.size == 1 and array.dtype.kind in "fiub":
        return array.reshape(()).item()
    raise DTypeError(
        message(
            "add_hparams: a hyperparameter is a number, a string or a bool", got=f"{name}={value!r}", fix=f"str({name})"
        )
    )
