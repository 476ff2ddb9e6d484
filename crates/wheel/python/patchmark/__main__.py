"""Starts patchmark in this interpreter, whose torch it uses."""

import os
import signal
import sys

# The release whose C++ interface the extension module is linked against.
TORCH = "2.11."


def fail(message):
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def native():
    """Imports the extension module; torch comes first, because it loads the libraries that the module needs."""
    try:
        import torch
    except ImportError as error:
        fail(f"{sys.executable} cannot import torch ({error}); patchmark needs torch {TORCH}x in this environment")
    if not torch.__version__.startswith(TORCH):
        fail(
            f"torch {torch.__version__} is installed, and this patchmark is linked against torch {TORCH}x; "
            f"install torch=={TORCH}*, or build a wheel against another release"
        )
    try:
        from patchmark import _native
    except ImportError as error:
        fail(f"patchmark's extension module does not load with torch {torch.__version__} ({error})")
    return _native


def main():
    module = native()
    # Rust waits inside one call, where Python's own handlers would never run.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(module.main(sys.executable, os.path.abspath(__file__), ["patchmark", *sys.argv[1:]]))


if __name__ == "__main__":
    if not __package__:
        # Run as a script, which is how patchmark starts its workers: the package's parent goes to the end of the
        # path, so that a release of transformers laid over the environment stays in front.
        here = os.path.dirname(os.path.abspath(__file__))
        sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
        sys.path.append(os.path.dirname(here))
    main()
