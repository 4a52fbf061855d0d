"""Loading language models: from a local folder or by hub name, safetensors only, no remote code, clear refusals."""

import hashlib
import inspect
import json
import math
import os
import socket
import struct
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from w2sg.core import InputError, MissingExtraError

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")
"""Weights in these formats can run code when they are read, or are not torch's; they are refused."""
SHIPPED = "facts:"
"""What the names of models that come with the package begin with: `w2sg.worlds` knows them."""
CONTEXT = 512
"""Tokens that a model is taken to read where its configuration does not say how many."""
ROUNDING = 1e-4
"""States and logits that differ by less than this share of the largest are taken to be the same."""
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
"""What configurations call their number of layers."""
MOST_HEADER_BYTES = 100_000_000
"""The most that the format allows a header."""
LIBRARIES = ("torch", "transformers", "tokenizers", "peft", "accelerate")


@dataclass(frozen=True, eq=False)
class Loaded:
    """A pretrained model as it was published.

    Attributes:
        name: The folder or the hub name.
        body: The transformer; its `forward` returns hidden states `(n, tokens, d)`.
        words: Its language-modelling head, from hidden states to a logit for each token; None if it was not asked for.
        scale: What the model multiplies these logits by.
        tokenizer: Its tokenizer.
        width: Size `d` of the hidden states.
        context: The most tokens it can read.
        causal: Whether a token's state depends on earlier tokens only.
        places: Whether it takes `position_ids`, which padding on the left needs.
    """

    name: str
    body: Any
    words: Any
    scale: float
    tokenizer: Any
    width: int
    context: int
    causal: bool
    places: bool


def load(name: str, *, words: bool = False, layers: int | None = None) -> Loaded:
    """Load a model and its tokenizer.

    Args:
        name: A local folder, or a hub name (`name@revision` pins a revision).
        words: Load the language-modelling head too; only for causal models.
        layers: Keep only so many of the first layers.

    Raises:
        MissingExtraError: If torch or transformers is not installed.
        InputError: If the model cannot be loaded, has no safetensors weights, or its tokenizer does not fit.
    """
    try:
        import torch
        from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging
    except ImportError:
        raise MissingExtraError("transformers (with torch)", "lm") from None
    place, options = _place(name)
    made_for = AutoModelForCausalLM if words else AutoModel
    shown = logging.get_verbosity()
    try:
        logging.disable_progress_bar()
        logging.set_verbosity_error()
        tokenizer = AutoTokenizer.from_pretrained(place, **options)
        model = made_for.from_pretrained(place, use_safetensors=True, dtype=torch.float32, **options)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise InputError(_refusal(name, error)) from None
    finally:
        logging.set_verbosity(shown)
    # The transformer alone: where words are wanted its head is kept beside it and multiplied out only where it is
    # needed.
    body = model.base_model if words else model
    # Training reads each text once and whole; remembering keys and values would hold memory for nothing. The writer
    # asks for it call by call.
    body.config.use_cache = False
    _fuse_gelu(body)
    if getattr(body, "pooler", None) is not None:
        body.pooler = None  # it is not read, so it would never be trained
    if layers is not None:
        _shorten(body, layers, name)
    loaded = _described(name, body.eval(), model.get_output_embeddings() if words else None, tokenizer)
    if not words:
        return loaded
    if not loaded.causal:
        raise InputError(f"model {name!r} looks ahead, so it has no next word to say: choose a causal model")
    return replace(loaded, scale=_scale(model.eval(), loaded))


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise InputError(f"model {str(folder)!r} is a folder without config.json: give the folder of a saved model")
    if not list(folder.glob("*.safetensors")):
        refused = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
        if refused:
            raise InputError(
                f"model {str(folder)!r} has weights only as {', '.join(refused)}, which can run code when they are "
                "read: save it with save_pretrained, which writes safetensors"
            )
        raise InputError(f"model {str(folder)!r} has no weights: a file *.safetensors is needed beside config.json")


def local_folder(name: str) -> Path | None:
    """Return the folder of a model that is here: its own, or that of one which comes with the package; else None.

    Raises:
        DataError: If a file of a model that comes with the package was changed.
        UnknownNameError: If there is no model of that name in the package.
    """
    folder = Path(name)
    if name.startswith(SHIPPED):
        # Not above: worlds load scipy, and a worker for foreign code may not read them, for they know what is true.
        from w2sg.worlds import shipped_model

        folder = shipped_model(name)
    return folder if folder.is_dir() else None


def _place(name: str) -> tuple[str, dict[str, Any]]:
    """Return where a model is, a checked folder or a hub name, and the options to load it with."""
    here, folder = local_folder(name), Path(name)
    if here is not None:
        _check_folder(here)
        return str(here), {"trust_remote_code": False}
    if folder.is_absolute() or name.startswith("."):
        raise InputError(f"model {name!r}: there is no such folder: give the folder of a saved model, or a hub name")
    place, _, revision = name.partition("@")
    return place, {
        "trust_remote_code": False,
        "local_files_only": not _hub_is_near(),
        **({"revision": revision} if revision else {}),
    }


def _hub_is_near() -> bool:
    """Whether the hub's name resolves, or a proxy may resolve it: without either only what was fetched before is there.

    Asking first spares a minute of retries.
    """
    if os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE"):
        return False
    if any(os.environ.get(key) for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True
    try:
        socket.getaddrinfo(urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co")).hostname, 443)
    except OSError:
        return False
    return True


def _refusal(name: str, error: Exception) -> str:
    reason = str(error).strip().split("\n")[0].rstrip(".")
    if Path(name).is_dir():
        return f"model {name!r} cannot be loaded: {reason}: give the folder of a saved model with its tokenizer"
    if not _hub_is_near():
        return (
            f"model {name!r} is no local folder, was not fetched before, and there is no network: give a local folder, "
            "or fetch it once where there is a network"
        )
    return f"model {name!r} is no local folder, and the hub does not give it: {reason}: check the name"


def _fuse_gelu(body: Any) -> None:
    """Replace the tanh form of GELU that is written out in many passes by the same function in one."""
    import torch
    from transformers.activations import NewGELUActivation

    for module in body.modules():
        for name, child in module.named_children():
            # The written-out form makes several passes over the widest activations of the network, and keeps each for
            # the backward pass.
            if isinstance(child, NewGELUActivation):
                setattr(module, name, torch.nn.GELU(approximate="tanh"))


def _described(name: str, body: Any, words: Any, tokenizer: Any) -> Loaded:
    config = body.config
    if getattr(config, "is_encoder_decoder", False):
        raise InputError(f"model {name!r} is an encoder with a decoder: choose an encoder or a causal model")
    rows = body.get_input_embeddings().weight.shape[0]
    # Token numbers beyond the table would read outside it, on some devices silently.
    if len(tokenizer) > rows:
        raise InputError(
            f"model {name!r}: its tokenizer has {len(tokenizer)} tokens, its embeddings have {rows} rows: "
            "they do not belong together"
        )
    # Where its files are missing, a tokenizer of the family is made that knows no word, and all texts would be alike.
    if not set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens):
        raise InputError(
            f"model {name!r} has no tokenizer, or one without words: save the tokenizer into the folder of the model, "
            "with save_pretrained"
        )
    places = "position_ids" in inspect.signature(type(body).forward).parameters
    counts = (getattr(config, key, None) for key in ("max_position_embeddings", "n_positions"))
    context = next((int(n) for n in counts if n and n > 0), CONTEXT)
    # A RoBERTa-like body counts places from its padding token's on, so it reads fewer tokens than it has places.
    tables = (module for name, module in body.named_modules() if name.endswith("position_embeddings"))
    padded = next((table.padding_idx for table in tables if getattr(table, "padding_idx", None) is not None), None)
    if padded is not None:
        context, places = context - padded - 1, False
    # Some tokenizers name no limit and hold a very large number instead; the body's own context then decides.
    limit = min(context, tokenizer.model_max_length)
    # What a configuration says of attention is not trusted, as names differ between families: two short texts show it.
    states = _tried(body)
    return Loaded(name, body, words, 1.0, tokenizer, states.shape[-1], int(limit), _is_causal(states), places)


def _tried(body: Any) -> Any:
    """Return the states `(2, 4, d)` of two short texts that differ in their last token."""
    import torch

    with torch.inference_mode():
        return body(input_ids=_trial(body)).last_hidden_state


def _trial(body: Any) -> Any:
    import torch

    return torch.tensor([[5, 6, 7, 8], [5, 6, 7, 9]]) % body.get_input_embeddings().weight.shape[0]


def _is_causal(states: Any) -> bool:
    """Whether changing the last token left the states of all others as they were, but for rounding."""
    # If an earlier token's state changes with the last token, the model looks ahead.
    moved = (states[0] - states[1]).abs().amax(dim=1)
    return bool(moved[:3].max() < ROUNDING * states.abs().max())


def _scale(model: Any, loaded: Loaded) -> float:
    """Return the number that the model's own logits are of those of its head.

    Raises:
        InputError: If they are no multiple of them, as where a model squashes its logits.
    """
    import torch

    with torch.inference_mode():
        plain = loaded.words(_tried(loaded.body)).flatten()
        own = model(input_ids=_trial(loaded.body)).logits.flatten()
    # Least squares on one number: families differ in whether they scale logits, and few say so in the configuration.
    scale = float((plain @ own) / (plain @ plain))
    if (own - scale * plain).abs().max() > ROUNDING * own.abs().max():
        raise InputError(
            f"model {loaded.name!r} makes more of its states than a linear map to say words: its words cannot be read "
            "here, leave out 'answers' and 'generative_epochs' or choose another model"
        )
    return 1.0 if abs(scale - 1) < ROUNDING else scale


def layer_list(body: Any) -> tuple[Any, str]:
    """Return the module that holds the layers, and the name of the list in it.

    Raises:
        InputError: If the body has no list of as many layers as its configuration says.
    """
    import torch

    # The list is found by its length, not by its name, which differs from family to family.
    n = getattr(body.config, "num_hidden_layers", None)
    for module in body.modules():
        for name, child in module.named_children():
            if isinstance(child, torch.nn.ModuleList) and len(child) == n:
                return module, name
    raise InputError(f"no list of {n} layers was found in a {type(body).__name__}: leave out 'layers'")


def _shorten(body: Any, layers: int, name: str) -> None:
    holder, field = layer_list(body)
    all_layers = getattr(holder, field)
    if layers > len(all_layers):
        raise InputError(f"layers must be at most the {len(all_layers)} layers of {name!r}, got {layers}")
    setattr(holder, field, all_layers[:layers])
    body.config.num_hidden_layers = layers
    if getattr(body.config, "layer_types", None):
        body.config.layer_types = body.config.layer_types[:layers]


@lru_cache(maxsize=64)
def _file_digest(path: str, size: int, changed_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(name: str) -> tuple[Path]:
    """Return the folder in which a model's files lie: its own, or where a hub's client keeps those of a hub name."""
    here = local_folder(name)
    if here is not None:
        return (here,)
    cache = os.environ.get("HF_HUB_CACHE", "~/.cache/huggingface/hub")
    return (Path(cache).expanduser() / f"models--{name.partition('@')[0].replace('/', '--')}",)


def fingerprint(name: str) -> str:
    """Return the sha256 of the files of a local folder; a hub name stands for itself."""
    folder = local_folder(name)
    if folder is None:
        return name
    state = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file():
            stat = path.stat()
            # Size and time of change are the key under which a hash is remembered in this process: a folder of many
            # gigabytes is hashed once.
            state.update(f"{path.name} {_file_digest(str(path), stat.st_size, stat.st_mtime_ns)}\n".encode())
    return state.hexdigest()


@cache
def made_by() -> str:
    """Return what runs a model: the libraries with their versions, and the hash of the source beside this file.

    Raises:
        MissingExtraError: If a library is not installed.
    """
    source = hashlib.sha256()
    # Hidden states depend on this code too: a change of it makes the kept ones unknown, though none is wrong.
    for path in sorted(Path(__file__).parent.glob("*.py")):
        source.update(path.read_bytes())
    try:
        return ", ".join([*(f"{name} {version(name)}" for name in LIBRARIES), source.hexdigest()])
    except PackageNotFoundError as error:
        raise MissingExtraError(str(error.name), "lm") from None


@lru_cache(maxsize=64)
def layer_parameters(name: str) -> tuple[int, int] | None:
    """Return the number of layers of a local model and the parameters in one; None for a hub name.

    Parameters are counted from the headers of the weight files, without embeddings or heads: those in the layers.

    Raises:
        InputError: If the model's configuration or a header cannot be read.
    """
    folder = local_folder(name)
    if folder is None or not (folder / "config.json").is_file():
        return None
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        layers = int(next((config[key] for key in LAYERS if key in config), 0))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"model {name!r}: its config.json cannot be read ({error}): save the model again") from None
    if layers < 1:
        return None
    count = sum(
        size for path in folder.glob("*.safetensors") for name, size in _sizes(path) if _in_layer(name.split("."))
    )
    return (layers, count // layers) if count else None


def _in_layer(parts: list[str]) -> bool:
    return any(part in ("layer", "layers", "h", "block", "blocks") for part in parts)


def _sizes(path: Path) -> list[tuple[str, int]]:
    """Return the number of elements of each tensor of a safetensors file, from its header alone.

    Raises:
        InputError: If the file has no such header.
    """
    try:
        with path.open("rb") as file:
            # A safetensors file begins with the length of a JSON header, which has the shape of every tensor: no weight
            # is read.
            (length,) = struct.unpack("<Q", file.read(8))
            if length > MOST_HEADER_BYTES:
                raise ValueError(f"it is said to have {length} bytes")
            header = json.loads(file.read(length))
        shapes = {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
        return [(name, math.prod(map(int, shape))) for name, shape in shapes.items()]
    except (OSError, struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path} has no header of safetensors that can be read ({error}): fetch or save the model again"
        ) from None
