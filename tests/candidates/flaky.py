"""Candidates whose fault comes and goes: each must end with exit code 4, and say that it is not repeatable."""

import threading
import time

from base import Base


class Sometimes(Base):
    """One value is off in those calls that `now` chooses."""

    calls = 0

    def after(self, outputs, images):
        type(self).calls += 1
        values = outputs.get("pixel_values")
        if self.now() and hasattr(values, "add_") and values.numel():
            values[..., 0].add_(0.25)
        return outputs

    def now(self):
        return False


class OneCallInFive(Sometimes):  # comes and goes
    def now(self):
        return type(self).calls % 5 == 0


class OneCallInFifty(Sometimes):  # comes and goes
    def now(self):
        return type(self).calls % 50 == 0


class TheFirstCallOnly(Sometimes):  # comes and goes
    made = 0

    def now(self):
        return type(self).calls == 1


class UnderASecondThread(Sometimes):  # comes and goes
    def now(self):
        return threading.current_thread() is not threading.main_thread()


class ByTime(Sometimes):  # comes and goes
    def now(self):
        return int(time.time() * 1000) % 7 == 0
