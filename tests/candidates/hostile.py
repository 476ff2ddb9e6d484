"""Candidates that do not return. Each must be reported as what it is, and leave nothing behind."""

import ctypes
import os
import subprocess
import sys
import time

from base import Base, sizes


class Segfaults(Base):
    def before(self, images, keywords):
        ctypes.string_at(0)


class SegfaultsOnThin(Base):
    """Correct except for thin images: the other checks must still have results."""

    def before(self, images, keywords):
        if any(max(each) > 300 * min(each) for each in sizes(images)):
            ctypes.string_at(0)
        return images


class Hangs(Base):
    def before(self, images, keywords):
        while True:
            time.sleep(1)


class LeavesQuietly(Base):
    def before(self, images, keywords):
        os._exit(0)


class Exits(Base):
    def before(self, images, keywords):
        sys.exit(0)


class PrintsAGigabyte(Base):
    def before(self, images, keywords):
        line = b"x" * 1023 + b"\n"
        for _ in range(1 << 20):
            os.write(2, line)
        return images


class AllocatesWithoutEnd(Base):
    def before(self, images, keywords):
        held = []
        while True:
            held.append(bytearray(64 << 20))


class LeavesProcesses(Base):
    """Starts processes in other sessions, writes a temporary file, and crashes."""

    def before(self, images, keywords):
        import tempfile

        subprocess.Popen(["sleep", "321.5"], start_new_session=True)
        with open(os.path.join(tempfile.gettempdir(), "left-behind"), "w") as file:
            file.write("x")
        if os.fork() == 0:
            os.setsid()
            time.sleep(300)
        os.abort()


class Raises(Base):
    """Raises from the second call on, so that the checks begin."""

    calls = 0

    def before(self, images, keywords):
        type(self).calls += 1
        if type(self).calls > 1:
            self.fail()
        return images

    def fail(self):
        pass


class RaisesHalfAPair(Raises):
    def fail(self):
        raise ValueError("half \ud800 of a pair")


class RaisesAMegabyte(Raises):
    def fail(self):
        raise ValueError("x" * 1_000_000)


class RaisesControlCharacters(Raises):
    def fail(self):
        raise ValueError("".join(map(chr, range(32))) + "\x7f\x9b")


class RaisesBytes(Raises):
    def fail(self):
        raise ValueError(bytes(range(256)))


class WithoutText(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class RaisesWithoutText(Raises):
    def fail(self):
        raise WithoutText("text")


class RaisesAGroup(Raises):
    def fail(self):
        raise ExceptionGroup("many", [ValueError("\ud800")] * 1000)


class RaisesALongChain(Raises):
    def fail(self):
        error = None
        for number in range(3000):
            following = ValueError(number)
            following.__cause__ = error
            error = following
        raise error
