"""A module that cannot be imported."""

from base import Base
from a_package_that_nobody_has import resize  # noqa


class BrokenImport(Base):  # caught by: loads
    pass
