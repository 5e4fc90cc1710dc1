"""Every sample of the suite: importing this module registers all families."""

from __future__ import annotations

from . import samples_attributes as samples_attributes
from . import samples_creation as samples_creation
from . import samples_elementwise as samples_elementwise
from . import samples_getitem as samples_getitem
from . import samples_index as samples_index
from . import samples_linalg as samples_linalg
from . import samples_operators as samples_operators
from . import samples_random as samples_random
from . import samples_reduce as samples_reduce
from . import samples_settings as samples_settings
from . import samples_shape as samples_shape
from .sample import OPERATIONS, Sample, samples_of

__all__ = ["OPERATIONS", "Sample", "samples_of"]
