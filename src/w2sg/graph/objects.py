"""Arrays as bytes addressed by the hash of their content: packed, never pickled.

Small arrays lie inside the store's database, where a million of them cost no files; large ones are files of their own,
which can be looked at without being read.
"""

import hashlib
import math
import os
import re
import secrets
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tokenize import TokenError

import numpy as np

from w2sg.core import AnyArray, StoreError

LARGE = 1 << 18
"""Arrays of at least so many bytes are files of their own."""

_HEAD = struct.Struct("<BBB")
"""How the content is coded, the length of the dtype's name, the number of dimensions."""
_RAW, _BITS, _SHUFFLED = range(3)
_PLAIN = re.compile(r"[<>|=][biufcSU]\d{1,9}|[<>][mM]8(\[\w+\])?")
"""The names of dtypes whose bytes say all: numbers, booleans, texts of one length, times."""
_HASH = re.compile(r"[0-9a-f]{64}")


class DamagedObjectError(StoreError):
    """Something in the store is missing, or its content is not what it was when it was written."""


class UnreadableObjectError(StoreError):
    """A file of the store may not be read now: whether it is damaged is not known, so it is left alone."""


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
    check_plain(array)
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


def check_plain(array: AnyArray) -> None:
    """Check that an array can be kept.

    Raises:
        TypeError: If it holds anything but numbers, booleans, texts of one length or times.
    """
    if not _PLAIN.fullmatch(array.dtype.str):
        raise TypeError(f"a store keeps numbers and booleans, got an array of {array.dtype}")


def decoded(content: bytes) -> AnyArray:
    """Return the array of what `encoded` gave, read-only.

    Raises:
        DamagedObjectError: If the content is anything else: it may have its hash and yet be made by hand.
    """
    try:
        return _decoded(content)
    except (struct.error, zlib.error, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise DamagedObjectError(f"the content is no packed array: {error}") from error


def _decoded(content: bytes) -> AnyArray:
    coding, name_length, ndim = _HEAD.unpack_from(content)
    start = _HEAD.size + name_length
    name = content[_HEAD.size : start].decode("ascii")
    if not _PLAIN.fullmatch(name):
        raise ValueError(f"there are no arrays of {name!r}")
    dtype = np.dtype(name)
    shape = struct.unpack_from(f"<{ndim}q", content, start)
    if min(shape, default=0) < 0:
        raise ValueError(f"there is no array of shape {shape}")
    body = content[start + 8 * ndim :]
    count = math.prod(shape)
    # The size is known before anything is unpacked: some bytes that unpack to far more are not let do so.
    size = (count + 7) // 8 if coding == _BITS else count * dtype.itemsize
    if coding == _SHUFFLED:
        unpacking = zlib.decompressobj()
        body = unpacking.decompress(body, size + 1)
        if not unpacking.eof or unpacking.unused_data:
            raise ValueError("there is more or less than one array")
    if coding > _SHUFFLED or len(body) != size or (coding == _BITS and dtype != np.bool_):
        raise ValueError(f"{len(body)} bytes are no {dtype} of shape {shape}")
    if coding == _BITS:
        array = np.unpackbits(np.frombuffer(body, np.uint8), count=count).astype(np.bool_)
    elif coding == _SHUFFLED:
        array = np.frombuffer(np.frombuffer(body, np.uint8).reshape(dtype.itemsize, -1).T.tobytes(), dtype)
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
        # Opened like any new file, so that all files of a store have the rights that the user gives to new files.
        temporary = self.root / f"{secrets.token_hex(8)}.part"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                np.save(file, array, allow_pickle=False)
            digest, size = file_digest(temporary), temporary.stat().st_size
            path = self.path(digest)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, path)  # also where the file is there: a damaged one is healed so
        except OSError as error:
            _remove_quietly(temporary)
            raise StoreError(
                f"cannot write {self.root}: {error.strerror}: free space or choose another --store"
            ) from error
        except BaseException:
            _remove_quietly(temporary)
            raise
        return digest, size

    def read(self, digest: bytes, *, mapped: bool = False) -> AnyArray:
        """Return the array of a hash.

        Args:
            digest: Its hash.
            mapped: Leave it in the file, read-only, until it is looked at.

        Raises:
            DamagedObjectError: If the file is missing, is no plain file, or its content has another hash.
            UnreadableObjectError: If the file is there and may not be read.
        """
        path = self.path(digest)
        if file_digest(path) != digest:
            raise DamagedObjectError(f"{path}: the content does not have the hash in its name")
        try:
            array = _mapped(path)
        except (ValueError, TypeError, OverflowError, SyntaxError, TokenError) as error:
            raise DamagedObjectError(f"{path}: the content is no array: {error}") from error
        if not mapped:
            array = np.array(array)
            array.setflags(write=False)
        return array

    def remove(self, digest: bytes) -> None:
        """Remove the file of a hash if it is there; a folder in its place is nothing that a store has written."""
        if not self.path(digest).is_dir():
            self.path(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[bytes]:
        """Yield the hash of every file, whole or damaged; what no store has written is left out."""
        for path in sorted(self.root.glob("??/*.npy")):
            if (
                _HASH.fullmatch(path.stem)
                and path == self.path(bytes.fromhex(path.stem))
                and not path.parent.is_symlink()
            ):
                yield bytes.fromhex(path.stem)

    def leftovers(self) -> list[Path]:
        """Return half-written files of writers that were killed."""
        found = (path for pattern in ("*.part", "??/*.part") for path in self.root.glob(pattern))
        return sorted(path for path in found if path.is_file() and not path.parent.is_symlink())


def _mapped(path: Path) -> AnyArray:
    """Return the array of a file, left in it; a header that promises more or less than the file has is an error."""
    with path.open("rb") as file:
        form = np.lib.format
        read = form.read_array_header_1_0 if form.read_magic(file) == (1, 0) else form.read_array_header_2_0
        shape, fortran, dtype = read(file)
        offset, size = file.tell(), path.stat().st_size
    if (
        not _PLAIN.fullmatch(dtype.str)
        or min(shape, default=0) < 0
        or math.prod(shape) * dtype.itemsize != size - offset
    ):
        raise ValueError(f"{size - offset} bytes are no {dtype} of shape {shape}")
    return np.memmap(path, dtype, mode="r", offset=offset, shape=shape, order="F" if fortran else "C")


def file_digest(path: Path) -> bytes:
    """Return the hash of a file of the store, 32 bytes.

    Raises:
        DamagedObjectError: If it is missing, or a link, a pipe or a folder stands in its place: a store names no file
            outside of itself.
        UnreadableObjectError: If it is there and may not be read.
    """
    try:
        if path.parent.is_symlink() or not stat.S_ISREG(path.lstat().st_mode):
            raise DamagedObjectError(f"{path}: is no plain file of this store")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except StoreError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DamagedObjectError(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise UnreadableObjectError(
            f"{path} cannot be read: {error.strerror}: it is left as it is; get the right to read it, or check the disk"
        ) from error


def _remove_quietly(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
