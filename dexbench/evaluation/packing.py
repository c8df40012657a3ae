"""Arrays as text in a record: exact to the bit, small, and safe to read from strangers.

`data` is base64 of zlib of the float64 numbers, little-endian. Before compression they are ordered by column (one
joint's course in time lies together) and by byte (all first bytes, then all second bytes ...): that saves a fifth.
"""

import base64
import binascii
import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.errors import DataError
from dexbench.core.schema import Array

NUMBERS = 4 * 2**20
"""Most numbers in one array (32 MB): ten minutes of a hundred actuators are 1.5 million."""
_DTYPE = "<f8"


def pack(array: Array) -> dict[str, Any]:
    """Return `array` (of one or two axes) as plain data."""
    numbers = np.ascontiguousarray(array.T, _DTYPE)
    planes = np.frombuffer(numbers.tobytes(), np.uint8).reshape(-1, 8).T.tobytes()
    data = base64.b64encode(zlib.compress(planes, 6)).decode()
    return {"shape": list(array.shape), "dtype": _DTYPE, "data": data}


def unpack(packed: Any, field: str) -> NDArray[np.float64]:
    """Return the array; raise DataError that names `field` where the text is none, or unpacks to more than it says."""
    if not isinstance(packed, dict) or set(packed) != {"shape", "dtype", "data"} or packed["dtype"] != _DTYPE:
        raise DataError(f"field {field!r} is no packed array")
    shape, data = packed["shape"], packed["data"]
    if not isinstance(shape, list) or len(shape) not in (1, 2) or not all(type(n) is int and n >= 0 for n in shape):
        raise DataError(f"field {field!r}: its shape is not one or two sizes")
    size = 8 * math.prod(shape)
    if size > 8 * NUMBERS:
        raise DataError(f"field {field!r}: more than {NUMBERS} numbers")
    try:
        inflate = zlib.decompressobj()
        planes = inflate.decompress(base64.b64decode(data, validate=True), size + 1)  # one more, to see too much
    except (zlib.error, binascii.Error, TypeError, ValueError) as error:
        raise DataError(f"field {field!r} does not unpack: {error}") from error
    if len(planes) != size or not inflate.eof:
        raise DataError(f"field {field!r}: its data are not the {math.prod(shape)} numbers that its shape says")
    numbers = np.frombuffer(np.frombuffer(planes, np.uint8).reshape(8, -1).T.tobytes(), _DTYPE)
    return np.array(numbers.reshape(shape[::-1]).T, np.float64, order="C")
