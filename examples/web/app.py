"""The page, answered by Python: a Flask app that reads drawn and uploaded digits.

`python examples/draw_digit.py --serve` starts it. ``POST /predict`` takes

- JSON ``{"pixels": [[...], ...]}``: rows of numbers in 0..255, white ink on black, 28 x 28 or larger; with
  ``"normalised": true`` exactly 28 x 28 and taken as they are;
- a form with a PNG or JPEG file named ``image``, dark on light or light on dark;

and answers ``{"digit": 7, "probabilities": [ten numbers], "pixels": [28 rows of 28: what the network saw]}``, or 400
or 413 with ``{"error": "the reason"}``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from web.digits import SIDE, BadImageError, from_file, from_list, normalise

import tinygrad_nn as torch
from tinygrad_nn.interop.json_export import from_json

HERE = Path(__file__).resolve().parent
STATIC = ("style.css", "forward.js", "normalise.js", "digit.js")
OPENING = "var NETWORK ="
MAX_BYTES = 4 * 1024 * 1024  # of a picture
MAX_JSON = 1024 * 1024  # of numbers, which take twenty times as much memory once they are read
POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"


class TooLargeError(BadImageError):
    """More numbers than a page draws."""


def network_in(path: Path) -> str:
    """The network in a `network.js`: the JSON behind ``var NETWORK =``."""
    text = path.read_text(encoding="utf-8")
    return text[text.index(OPENING) + len(OPENING) :].rstrip("; \n")


def create_app(network_file: Path = HERE / "network.js") -> Any:
    """The Flask app around one network. Raises ImportError without Flask."""
    try:
        from flask import Flask, Response, jsonify, request, send_from_directory
        from werkzeug.exceptions import HTTPException
    except ImportError as error:
        raise ImportError('the server needs Flask: pip install "tinygrad_nn[examples]"') from error

    model = from_json(network_in(network_file))
    app = Flask(__name__, static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BYTES, TRUSTED_HOSTS=["127.0.0.1", "localhost"])

    def predict(digit: NDArray[Any]) -> dict[str, Any]:
        with torch.no_grad():
            x = torch.from_numpy(digit.astype(np.float32)[None, None] / np.float32(255))
            probabilities = model(x)[0].tolist()
        best = max(range(10), key=probabilities.__getitem__)
        return {"digit": best, "probabilities": probabilities, "pixels": digit.tolist()}

    def sent_digit() -> NDArray[Any]:
        if request.mimetype == "multipart/form-data":
            if "image" not in request.files:
                raise BadImageError("the form has no file named image")
            return normalise(from_file(request.files["image"].read()))
        if (request.content_length or 0) > MAX_JSON:
            raise TooLargeError
        return digit_in(request.get_data())

    @app.get("/")
    def page() -> Response:
        html = (HERE / "index.html").read_text(encoding="utf-8")
        return Response(html.replace('data-server=""', 'data-server="/predict"'), mimetype="text/html")

    @app.get("/<name>")
    def file(name: str) -> Response:
        if name == "network.js":
            return send_from_directory(network_file.resolve().parent, network_file.name)
        if name in STATIC:
            return send_from_directory(HERE, name)
        return refused(404, f"there is no {name} here")

    @app.post("/predict")
    def answer() -> Response:
        try:
            return jsonify(predict(sent_digit()))
        except TooLargeError:
            return refused(413, f"more than {MAX_JSON // 1024**2} MiB of JSON were sent: send a PNG")
        except BadImageError as error:
            return refused(400, str(error))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.code == 413:
            return refused(413, f"more than {MAX_BYTES // 1024**2} MiB were sent")
        return refused(error.code or 500, error.description or error.name)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def refused(status: int, reason: str) -> Response:
        response = jsonify(error=reason)
        response.status_code = status
        return response

    return app


def digit_in(body: bytes) -> NDArray[Any]:
    """The 28 x 28 digit in a JSON request. Raises BadImageError."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadImageError("the request is neither JSON nor a form with a picture") from error
    if not isinstance(sent, dict) or "pixels" not in sent:
        raise BadImageError('the JSON must be {"pixels": [[...], ...]}')
    ink = from_list(sent["pixels"])
    if sent.get("normalised") is not True:
        return normalise(ink)
    if ink.shape != (SIDE, SIDE):
        raise BadImageError(f"a normalised digit has {SIDE} x {SIDE} pixels, not {ink.shape[0]} x {ink.shape[1]}")
    return ink


def serve(network_file: Path, port: int) -> None:
    """Serve on this computer only, until Ctrl-C."""
    create_app(network_file).run(host="127.0.0.1", port=port, debug=False)
