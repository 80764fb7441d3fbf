"""Where a client has exceptions of several kinds, the right one is part of the answer."""

from contextlib import contextmanager

import pytest


@contextmanager
def exactly(kind, match=None):
    """Like `pytest.raises`, but a kind derived from this one will not do."""
    with pytest.raises(kind, match=match) as raised:
        yield raised
    assert type(raised.value) is kind
