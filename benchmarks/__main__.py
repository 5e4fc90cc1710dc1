"""`python -m benchmarks`: see the package's docstring."""

from benchmarks.options import parse, set_threads

options = parse()
set_threads(options.threads)

from benchmarks.report import main  # noqa: E402 - NumPy reads its thread count when imported

raise SystemExit(main(options))
