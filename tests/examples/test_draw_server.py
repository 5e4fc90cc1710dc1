"""The Flask app that reads digits: what it answers, and what it refuses with which reason."""

from __future__ import annotations

import doctest
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import web.digits
from web.app import HERE, MAX_BYTES, MAX_JSON, create_app, network_in
from web.digits import normalise

import tinygrad_nn as tg
from tinygrad_nn.interop.json_export import from_json

pytest.importorskip("flask", reason="the server needs Flask")
Image = pytest.importorskip("PIL.Image", reason="pictures need Pillow")
ImageDraw = pytest.importorskip("PIL.ImageDraw", reason="pictures need Pillow")

ROOT = Path(__file__).parents[2]
SEVEN = [(90, 60), (210, 60), (150, 240)]


@pytest.fixture(scope="module")
def client() -> Any:
    return create_app().test_client()


def seven(paper: Any = 255, ink: Any = 0, *, size: tuple[int, int] = (300, 300), mode: str = "L") -> Any:
    """A picture of a 7 as a pen draws it."""
    picture = Image.new(mode, size, paper)
    ImageDraw.Draw(picture).line(SEVEN, fill=ink, width=22, joint="curve")
    return picture


def file_of(picture: Any, kind: str = "PNG", **settings: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **settings)
    return stream.getvalue()


def upload(client: Any, content: bytes, field: str = "image") -> Any:
    return client.post("/predict", data={field: (io.BytesIO(content), "digit.png")})


def square(value: object = 0, side: int = 28) -> list[list[object]]:
    return [[value] * side for _ in range(side)]


# -- answers ---------------------------------------------------------------------------------------


def test_pixels_are_answered_with_the_networks_probabilities(client: Any) -> None:
    ink = np.asarray(seven(0, 255))
    reply = client.post("/predict", json={"pixels": ink.tolist()})
    assert reply.status_code == 200
    digit = normalise(ink)
    with tg.no_grad():
        x = tg.from_numpy(digit[None, None].astype(np.float32) / np.float32(255))
        expected = from_json(network_in(HERE / "network.js"))(x)[0].numpy()
    np.testing.assert_allclose(reply.json["probabilities"], expected, atol=1e-6)
    assert reply.json["digit"] == 7 == int(expected.argmax())
    assert reply.json["pixels"] == digit.tolist()


def test_the_example_in_digits_py_holds() -> None:
    found = doctest.testmod(web.digits)
    assert found.attempted > 0
    assert found.failed == 0


def test_a_normalised_digit_is_taken_as_it_is(client: Any) -> None:
    digit = normalise(np.asarray(seven(0, 255)))
    moved = np.roll(digit, 3, 1).tolist()
    assert client.post("/predict", json={"pixels": moved, "normalised": True}).json["pixels"] == moved
    assert client.post("/predict", json={"pixels": moved}).json["pixels"] != moved


@pytest.mark.parametrize(
    "content",
    [
        file_of(seven()),
        file_of(seven(0, 255)),  # white on black
        file_of(seven((238, 234, 225), (30, 40, 110), mode="RGB"), "JPEG", quality=60),
        file_of(seven((0, 0, 0, 0), (10, 10, 10, 255), mode="RGBA")),  # on nothing
        file_of(seven(size=(900, 400))),
        file_of(
            seven().rotate(90), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
        ),
    ],
    ids=["black on white", "white on black", "photograph", "transparent", "wide", "turned by its camera"],
)
def test_an_uploaded_picture_is_read(client: Any, content: bytes) -> None:
    reply = upload(client, content)
    assert reply.status_code == 200, reply.json
    assert reply.json["digit"] == 7
    assert sum(reply.json["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_the_page_is_served_with_what_it_needs_and_nothing_else(client: Any) -> None:
    page = client.get("/")
    assert 'data-server="/predict"' in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    for name in re.findall(r'(?:src|href)="([a-z.]+)"', page.text):
        assert client.get(f"/{name}").status_code == 200, name
    for name in ("app.py", "digits.py", "../draw_digit.py", "%2e%2e/draw_digit.py", "secret"):
        assert client.get(f"/{name}").status_code == 404


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "neither JSON nor a form"),
        (b"\xff\xfe", "neither JSON nor a form"),
        (b"[" * 100_000, "neither JSON nor a form"),
        ([1, 2], r'must be \{"pixels"'),
        ({"pixel": []}, r'must be \{"pixels"'),
        ({"pixels": "7"}, "a list of rows"),
        ({"pixels": []}, "equally long, and at least one"),
        ({"pixels": [[0] * 28] * 27 + [[0]]}, "equally long"),
        ({"pixels": square("0")}, "must be numbers"),
        ({"pixels": square(True)}, "must be numbers"),
        ({"pixels": square(None)}, "must be numbers"),
        ({"pixels": square(256)}, r"within 0..255, not 256"),
        ({"pixels": square(-1)}, r"within 0..255, not -1"),
        ({"pixels": square(float("nan"))}, r"within 0..255"),
        ({"pixels": square(10**400)}, "not that large"),
        ({"pixels": square(1, 27)}, "28 to 2048 rows and columns, not 27 x 27"),
        ({"pixels": square(0)}, "nothing is drawn"),
        ({"pixels": square(1, 30), "normalised": True}, "28 x 28 pixels, not 30 x 30"),
    ],
)
def test_bad_pixels_are_refused_with_a_reason(client: Any, sent: object, reason: str) -> None:
    body = sent if isinstance(sent, bytes) else json.dumps(sent)
    reply = client.post("/predict", data=body, content_type="application/json")
    assert reply.status_code == 400
    assert re.search(reason, reply.json["error"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a PNG or JPEG"),
        (b"GIF89a" + b"\0" * 100, "not a PNG or JPEG"),
        (file_of(seven())[:-200], "or it is broken"),
        (file_of(Image.new("L", (300, 300), 200)), "nothing is drawn"),
        (file_of(seven(255, 240)), "nothing is drawn"),  # too faint
        (file_of(Image.new("L", (20, 300))), "28 to 2048 rows and columns, not 300 x 20"),
        (file_of(Image.new("1", (6_000, 6_000))), "28 to 2048 rows and columns, not 6000 x 6000"),
        (file_of(Image.new("1", (30_000, 30_000))), "28 to 2048 rows and columns, not that many"),  # a bomb
        (file_of(seven(), "GIF"), "not a PNG or JPEG"),
    ],
    ids=["empty", "no picture", "broken", "blank", "faint", "small", "large", "bomb", "GIF"],
)
def test_bad_pictures_are_refused_with_a_reason(client: Any, content: bytes, reason: str) -> None:
    reply = upload(client, content)
    assert reply.status_code == 400
    assert reason in reply.json["error"]


def test_a_form_without_a_picture_is_refused(client: Any) -> None:
    reply = upload(client, file_of(seven()), field="digit")
    assert (reply.status_code, reply.json["error"]) == (400, "the form has no file named image")


def test_large_requests_are_refused_unread(client: Any) -> None:
    reply = upload(client, b"\0" * (MAX_BYTES + 1))
    assert (reply.status_code, reply.json["error"]) == (413, "more than 4 MiB were sent")


def test_more_numbers_than_a_page_draws_are_refused_unread(client: Any) -> None:
    reply = client.post("/predict", data=b"[" * (MAX_JSON + 1), content_type="application/json")
    assert (reply.status_code, reply.json["error"]) == (413, "more than 1 MiB of JSON were sent: send a PNG")


def test_other_methods_and_other_hosts_are_refused(client: Any) -> None:
    assert client.get("/predict").status_code in (404, 405)
    assert client.post("/").status_code == 405
    for host in ("127.0.0.1", "localhost", "localhost:5000"):
        assert client.get("/", headers={"Host": host}).status_code == 200
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400  # a name rebound to this computer


# -- the command -----------------------------------------------------------------------------------


def test_serve_is_bound_to_this_computer_and_not_in_debug_mode(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        str(ROOT / "examples" / "draw_digit.py"),
        "--serve",
        "--port",
        str(port),
        "--out",
        str(tmp_path),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        said = ""
        while "Running on" not in said:
            line = server.stdout.readline()
            assert line, said
            said += line
        assert f"Running on http://127.0.0.1:{port}" in said
        assert "Debug mode: off" in said
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as reply:
            assert b"Draw a digit" in reply.read()
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/predict", data=b"{}", timeout=30)
        with pytest.raises(OSError):  # an address that a server for every interface would hear
            socket.create_connection(("127.0.0.2", port), timeout=5).close()
    finally:
        server.terminate()
        server.communicate(timeout=30)


@pytest.mark.slow
def test_two_hundred_at_once_are_answered_as_one_by_one(client: Any) -> None:
    """Good and bad requests in many threads at a real server on this computer: each gets its own answer."""
    serving = pytest.importorskip("werkzeug.serving")
    rng = np.random.default_rng(0)
    sent = [
        {"pixels": rng.integers(0, 255, (28, 28)).tolist(), "normalised": True} if k % 5 else {"pixels": k}
        for k in range(200)
    ]
    expected = [client.post("/predict", json=one) for one in sent]
    server = serving.make_server("127.0.0.1", 0, create_app(), threaded=True)
    running = threading.Thread(target=server.serve_forever)
    running.start()

    def asked(one: Any) -> tuple[int, Any]:
        body = json.dumps(one).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/predict", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    try:
        with ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(asked, sent))
    finally:
        server.shutdown()
        running.join()
        server.server_close()
    assert answers == [(reply.status_code, reply.json) for reply in expected]
    assert {status for status, _ in answers} == {200, 400}
