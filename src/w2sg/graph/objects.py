"""Arrays as bytes addressed by the hash of their content: packed, never pickled.

Small arrays lie inside the store's database, where a million of them cost no files; large ones are files of their own,
which can be looked at without being read.
"""

import hashlib
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from w2sg.core import AnyArray, StoreError

LARGE = 1 << 18
"""Arrays of at least so many bytes are files of their own."""

_HEAD = struct.Struct("<BBB")
"""How the content is coded, the length of the dtype's name, the number of dimensions."""
_RAW, _BITS, _SHUFFLED = range(3)


class DamagedObjectError(StoreError):
    """An array is missing, or its content does not have the hash that it is known by."""


def digest_of(content: bytes) -> bytes:
    """Return the hash that a content is addressed by, 32 bytes."""
    return hashlib.sha256(content).digest()


def encoded(array: AnyArray) -> bytes:
    """Return an array as bytes, compressed where that saves anything.

    Booleans become bits. The bytes of numbers are regrouped before compression, all first bytes, all second bytes and
    so on: the exponents of similar floats are similar, and only side by side does a compressor see that.

    Raises:
        TypeError: If the array holds objects, which would need pickle.
    """
    if array.dtype.hasobject:
        raise TypeError(f"a store keeps numbers and booleans, got an array of {array.dtype}")
    name = array.dtype.str.encode()
    raw = array.tobytes()
    coding, content = _RAW, raw
    if array.dtype == np.bool_:
        coding, content = _BITS, np.packbits(array.ravel()).tobytes()
    elif array.dtype.itemsize > 1:
        planes = np.frombuffer(raw, np.uint8).reshape(-1, array.dtype.itemsize).T.tobytes()
        squeezed = zlib.compress(planes, 6)
        if len(squeezed) < len(raw):
            coding, content = _SHUFFLED, squeezed
    shape = struct.pack(f"<{array.ndim}q", *array.shape)
    return _HEAD.pack(coding, len(name), array.ndim) + name + shape + content


def decoded(content: bytes) -> AnyArray:
    """Return the array of what `encoded` gave, read-only."""
    coding, name_length, ndim = _HEAD.unpack_from(content)
    start = _HEAD.size + name_length
    dtype = np.dtype(content[_HEAD.size : start].decode())
    shape = struct.unpack_from(f"<{ndim}q", content, start)
    body = content[start + 8 * ndim :]
    count = int(np.prod(shape, dtype=np.int64))
    if coding == _BITS:
        array = np.unpackbits(np.frombuffer(body, np.uint8), count=count).astype(np.bool_)
    elif coding == _SHUFFLED:
        planes = np.frombuffer(zlib.decompress(body), np.uint8).reshape(dtype.itemsize, -1)
        array = np.frombuffer(planes.T.tobytes(), dtype)
    else:
        array = np.frombuffer(body, dtype)
    array = array.reshape(shape)
    array.setflags(write=False)
    return array


class ArrayFiles:
    """A folder of immutable files, one array each. Any number of processes may write: equal content is one file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: bytes) -> Path:
        """Return where the file of a hash lies."""
        name = digest.hex()
        return self.root / name[:2] / f"{name}.npy"

    def write(self, array: AnyArray) -> tuple[bytes, int]:
        """Write an array and return the hash and the size in bytes; the file is whole or absent.

        Raises:
            StoreError: If the folder cannot be written or the disk is full.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.root, suffix=".part")
        except OSError as error:
            raise _cannot_write(self.root, error) from error
        try:
            with os.fdopen(handle, "wb") as file:
                np.save(file, array, allow_pickle=False)
            digest, size = _file_digest(Path(temporary)), Path(temporary).stat().st_size
            path = self.path(digest)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, path)  # also where the file is there: a damaged one is healed so
        except OSError as error:
            Path(temporary).unlink(missing_ok=True)
            raise _cannot_write(self.root, error) from error
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return digest, size

    def read(self, digest: bytes, *, mapped: bool = False) -> AnyArray:
        """Return the array of a hash.

        Args:
            digest: Its hash.
            mapped: Leave it in the file, read-only, until it is looked at.

        Raises:
            DamagedObjectError: If the file is missing or its content has another hash.
        """
        path = self.path(digest)
        try:
            whole = _file_digest(path) == digest
        except OSError as error:
            raise DamagedObjectError(f"{path}: {error.strerror}") from error
        if not whole:
            raise DamagedObjectError(f"{path}: the content does not have the hash in its name")
        array: AnyArray = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
        if not mapped:
            array.setflags(write=False)
        return array

    def remove(self, digest: bytes) -> None:
        """Remove the file of a hash if it is there."""
        self.path(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[bytes]:
        """Yield the hash of every file, whole or damaged."""
        yield from (bytes.fromhex(path.stem) for path in sorted(self.root.glob("??/*.npy")))

    def leftovers(self) -> list[Path]:
        """Return half-written files of writers that were killed."""
        return sorted(self.root.glob("**/*.part"))


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _cannot_write(folder: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot write {folder}: {error.strerror}: free space or choose another --store")
