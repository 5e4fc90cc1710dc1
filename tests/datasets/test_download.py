"""fetch_together: whole sets or nothing, in bounded time, whatever a mirror does."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import threading
import time
from pathlib import Path

import pytest

from tinygrad_nn.datasets import download
from tinygrad_nn.datasets.download import PATIENCE, NoNetworkError, Remote, fetch_together
from tinygrad_nn.errors import DataError

AT_ONCE = 15
"""Seconds: less than what these mirrors keep one waiting (20), more than a busy machine adds to the patience."""

CONTENT = {"one.gz": os.urandom(3000), "two.gz": bytes(5000)}
PACKED = {name: gzip.compress(data) for name, data in CONTENT.items()}
CORRUPT = {name: gzip.compress(data + b"!") for name, data in CONTENT.items()}


def remotes(*mirrors: str) -> list[Remote]:
    return [
        Remote(name, tuple(mirror + name for mirror in mirrors), hashlib.sha256(data).hexdigest())
        for name, data in CONTENT.items()
    ]


def assert_nothing_kept(folder: Path) -> None:
    assert list(folder.iterdir()) == []


def refused_url() -> str:
    """A port of this machine on which nobody listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_all_files_take_their_place(tmp_path: Path, serve, answers) -> None:
    fetch_together(remotes(serve(answers.files(PACKED)).url), tmp_path / "new" / "cache")
    assert {p.name: p.read_bytes() for p in (tmp_path / "new/cache").iterdir()} == PACKED


def test_a_bar_shows_the_file_and_how_much_of_it_has_come(tmp_path: Path, serve, answers, capsys) -> None:
    fetch_together(remotes(serve(answers.slow(PACKED)).url)[:1], tmp_path)
    err = capsys.readouterr().err
    assert re.search(r"one\.gz: 100%.* 2\.9\dk/2\.9\dk", err), err


def test_no_bar_on_request(tmp_path: Path, serve, answers, capsys) -> None:
    fetch_together(remotes(serve(answers.files(PACKED)).url), tmp_path, progress=False)
    assert capsys.readouterr().err == ""


def test_only_missing_files_are_fetched(tmp_path: Path, serve, answers) -> None:
    (tmp_path / "one.gz").write_bytes(b"the user's own")
    server = serve(answers.files(PACKED))
    fetch_together(remotes(server.url), tmp_path)
    assert server.requests == ["two.gz"]
    assert (tmp_path / "one.gz").read_bytes() == b"the user's own"


def test_a_file_that_comes_unpacked_is_as_good(tmp_path: Path, serve, answers) -> None:
    fetch_together(remotes(serve(answers.files(CONTENT)).url), tmp_path)
    assert (tmp_path / "two.gz").read_bytes() == CONTENT["two.gz"]


def test_the_sum_of_a_file_as_it_comes(tmp_path: Path, serve, answers) -> None:
    url = serve(answers.files(PACKED)).url + "one.gz"
    digest = hashlib.sha256(PACKED["one.gz"]).hexdigest()
    fetch_together([Remote("kept", (url,), digest, unpacked=False)], tmp_path)
    assert (tmp_path / "kept").read_bytes() == PACKED["one.gz"]
    with pytest.raises(DataError, match=f"expected SHA-256 {'0' * 64}\n  got: {digest}; "):
        fetch_together([Remote("other", (url,), "0" * 64, unpacked=False)], tmp_path)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("silence", r"127.0.0.1:\d+: no answer \(waited 0.4 s\)"),
        ("half, then stall", r"127.0.0.1:\d+: stalled after [\d,]+ bytes \(waited 0.4 s\)"),
        ("half, then close", r"127.0.0.1:\d+: closed after 1,5\d\d of 3,0\d\d bytes"),
        ("trickle", r"127.0.0.1:\d+: stalled after \d+ bytes"),
        ("404", r"127.0.0.1:\d+: HTTP 404$"),
        ("503", r"127.0.0.1:\d+: HTTP 503$"),
        ("refused", r"127.0.0.1:\d+: Connection refused$"),
    ],
)
def test_no_network_in_bounded_time(tmp_path: Path, serve, answers, capsys, behaviour: str, reason: str) -> None:
    if behaviour == "refused":
        url = refused_url()
    else:
        url = serve(
            {
                "silence": answers.silence(),
                "half, then stall": answers.half(PACKED, then="stall"),
                "half, then close": answers.half(PACKED, then="close"),
                "trickle": answers.trickle(),
                "404": answers.status(404),
                "503": answers.status(503),
            }[behaviour]
        ).url
    began = time.monotonic()
    with pytest.raises(NoNetworkError, match=reason):
        fetch_together(remotes(url), tmp_path, patience=0.4)
    assert time.monotonic() - began < AT_ONCE
    assert_nothing_kept(tmp_path)
    if behaviour in ("silence", "404", "refused"):
        assert capsys.readouterr().err == ""  # no empty bar


def test_an_address_that_no_name_server_knows(tmp_path: Path) -> None:
    with pytest.raises(NoNetworkError, match=r"^nowhere\.invalid: "):
        fetch_together(remotes("http://nowhere.invalid/"), tmp_path, patience=1.0)


def test_a_name_server_that_never_answers(tmp_path: Path, monkeypatch) -> None:
    """The socket's time limit does not bound a look-up; the patience does."""
    released = threading.Event()

    def stuck(*_: object, **__: object) -> None:
        released.wait(2 * AT_ONCE)
        raise OSError("stuck")

    monkeypatch.setattr("socket.getaddrinfo", stuck)
    began = time.monotonic()
    with pytest.raises(NoNetworkError, match=r"example\.invalid: no answer"):
        fetch_together(remotes("http://example.invalid/"), tmp_path, patience=0.3)
    assert time.monotonic() - began < AT_ONCE
    released.set()


def test_mirrors_share_the_patience(tmp_path: Path, serve, answers) -> None:
    first, second = serve(answers.silence()), serve(answers.half(PACKED, then="stall"))
    began = time.monotonic()
    with pytest.raises(NoNetworkError, match=r"no answer \(waited 0.3 s\); .*stalled after"):
        fetch_together(remotes(first.url, second.url), tmp_path, patience=0.6)
    assert 0.5 < time.monotonic() - began < AT_ONCE
    assert_nothing_kept(tmp_path)


def test_the_default_patience_ends_within_five_seconds(tmp_path: Path, serve, answers) -> None:
    urls = [serve(answers.silence()).url, serve(answers.half(PACKED, then="stall")).url]
    began = time.monotonic()
    with pytest.raises(NoNetworkError):
        fetch_together(remotes(*urls), tmp_path)
    assert PATIENCE - 0.2 < time.monotonic() - began < AT_ONCE
    assert PATIENCE < 5


@pytest.mark.parametrize("ill", ["silence", "half", "corrupt", "404"])
def test_the_second_mirror_helps_and_is_asked_first_from_then_on(tmp_path: Path, serve, answers, ill: str) -> None:
    first = serve(
        {
            "silence": answers.silence(),
            "half": answers.half(PACKED, then="close"),
            "corrupt": answers.files(CORRUPT),
            "404": answers.status(404),
        }[ill]
    )
    second = serve(answers.files(PACKED))
    fetch_together(remotes(first.url, second.url), tmp_path, patience=0.5)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == PACKED
    assert (first.requests, second.requests) == (["one.gz"], ["one.gz", "two.gz"])


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (CORRUPT, hashlib.sha256(CONTENT["one.gz"] + b"!").hexdigest() + r"; [\d,]+ bytes that"),
        (
            dict.fromkeys(PACKED, b"<html>log in</html>"),
            r"[0-9a-f]{64}; 19 bytes that begin with b'<html>log in</ht",
        ),
        ({name: data[:-900] for name, data in PACKED.items()}, r"a damaged gzip stream \("),
    ],
    ids=["corrupt", "foreign", "truncated"],
)
def test_another_file_than_expected(tmp_path: Path, serve, answers, files, found: str) -> None:
    url = serve(answers.files(files)).url
    digest = hashlib.sha256(CONTENT["one.gz"]).hexdigest()
    words = f"{url}one.gz: not the file that is expected; expected SHA-256 {digest} of the unpacked"
    with pytest.raises(DataError, match=f"{words} content\n  got: {found}[\\s\\S]*nothing was kept"):
        fetch_together(remotes(url), tmp_path)
    assert_nothing_kept(tmp_path)


def test_half_a_file_of_no_stated_length_is_found_out(tmp_path: Path, serve, answers) -> None:
    url = serve(answers.half(PACKED, then="close unstated")).url
    with pytest.raises(DataError, match="a damaged gzip stream"):
        fetch_together(remotes(url), tmp_path)
    assert_nothing_kept(tmp_path)


def test_a_failure_at_the_second_file_keeps_neither(tmp_path: Path, serve, answers) -> None:
    server = serve(answers.files({"one.gz": PACKED["one.gz"]}))
    with pytest.raises(NoNetworkError, match="HTTP 404"):
        fetch_together(remotes(server.url), tmp_path)
    assert server.requests == ["one.gz", "two.gz"]
    assert_nothing_kept(tmp_path)


def test_ctrl_c_keeps_nothing(tmp_path: Path, serve, answers, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_verify", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_together(remotes(serve(answers.files(PACKED)).url), tmp_path)
    assert_nothing_kept(tmp_path)


def test_an_endless_answer_ends(tmp_path: Path, serve, answers, monkeypatch) -> None:
    monkeypatch.setattr(download, "LARGEST", 1000)
    with pytest.raises(NoNetworkError, match="sent more than 1,000 bytes"):
        fetch_together(remotes(serve(answers.files(PACKED)).url), tmp_path)


def test_many_at_once_do_not_disturb_one_another(tmp_path: Path, serve, answers) -> None:
    files = remotes(serve(answers.files(PACKED)).url)
    failures: list[BaseException] = []

    def fetch() -> None:
        try:
            fetch_together(files, tmp_path, progress=False)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == PACKED


def test_leftovers_of_a_killed_process_go_after_a_day(tmp_path: Path, serve, answers) -> None:
    for name, age in (("old", 2 * 86400), ("young", 60)):
        folder = tmp_path / f".incoming-{name}"
        folder.mkdir()
        (folder / "one.gz").write_bytes(b"part")
        os.utime(folder, (time.time() - age,) * 2)
    fetch_together(remotes(serve(answers.files(PACKED)).url), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".incoming-young", "one.gz", "two.gz"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match=r"file: this folder for downloads cannot be written\n.*\n.*root="):
        fetch_together(remotes(refused_url()), tmp_path / "file")
