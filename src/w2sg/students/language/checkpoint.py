"""Saving a training and going on from it: parameters, optimizer and step, in safetensors and JSON."""

import json
import logging
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from w2sg.core import FloatArray, RunError
from w2sg.students.language.network import Network, State

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Saved:
    """Where a training is.

    Attributes:
        step: Steps taken.
        in_vain: Looks in a row without a better score.
        best: The best score, its step and its state, if a stopping rule looks.
        memory: What the objective remembers of each example, `(n, k)`, if it does.
        curve: What was written down of the steps.
    """

    step: int
    in_vain: int
    best: tuple[float, int, State] | None
    memory: FloatArray | None = None
    curve: list[tuple[float, ...]] = field(default_factory=list)


def write_saved(place: Path, saved: Saved, network: Network, optimizer: Any) -> None:
    """Write a training; the one before stays until this one is whole.

    Raises:
        RunError: If the folder cannot be written.
    """
    # Everything is written beside the old state and then renamed, so that a kill leaves a whole training, old or new.
    # The process number keeps two processes that train the same from writing into one folder.
    fresh = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        save_file(dict(network.trained()), fresh / "parameters.safetensors")
        save_file(_moments(network, optimizer), fresh / "optimizer.safetensors")
        known: dict[str, Any] = {"step": saved.step, "in_vain": saved.in_vain, "curve": saved.curve}
        if saved.best is not None:
            known["score"], known["best_step"] = saved.best[:2]
            save_file(dict(saved.best[2]), fresh / "best.safetensors")
        if saved.memory is not None:
            save_file({"memory": torch.from_numpy(saved.memory)}, fresh / "memory.safetensors")
        (fresh / "where.json").write_text(json.dumps(known), encoding="utf-8")
        remove_saved(place)
        fresh.rename(place)
    except OSError as error:
        raise RunError(
            f"cannot save a training to {place}: {error.strerror}: free space or choose another store"
        ) from error


def read_saved(place: Path, network: Network, optimizer: Any) -> Saved | None:
    """Take over a saved training and return where it is; None if there is none, or one that cannot be read."""
    if not (place / "where.json").is_file():
        return None
    try:
        return _read(place, network, optimizer)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        _log.warning("a saved training cannot be read and begins anew: %s: %s", place, error)
        # Half a state may have been taken over before the fault showed; the training must not begin with it.
        optimizer.state.clear()
        remove_saved(place)
        return None


def _read(place: Path, network: Network, optimizer: Any) -> Saved:
    known = json.loads((place / "where.json").read_text(encoding="utf-8"))
    parameters, moments = (load_file(place / f"{name}.safetensors") for name in ("parameters", "optimizer"))
    for name, value in _learned(network, optimizer):
        own = {key.rpartition(" ")[2]: moment for key, moment in moments.items() if key.rpartition(" ")[0] == name}
        optimizer.state[value] = {key: moment.to(value.device) for key, moment in own.items()}
    best = (known["score"], known["best_step"], load_file(place / "best.safetensors")) if "score" in known else None
    held = place / "memory.safetensors"
    memory = load_file(held)["memory"].numpy() if held.is_file() else None
    # Last, when nothing more can fail: until here the network is still the one before training.
    network.restore(parameters)
    return Saved(known["step"], known["in_vain"], best, memory, [tuple(row) for row in known["curve"]])


def remove_saved(place: Path) -> None:
    """Remove a saved training, if there is one."""
    shutil.rmtree(place, ignore_errors=True)


def _moments(network: Network, optimizer: Any) -> dict[str, torch.Tensor]:
    """Return the optimizer's tensors by parameter name and their own name."""
    return {
        # Safetensors holds a flat table of tensors, so the two names share one key. A clone, as it refuses tensors that
        # share memory.
        f"{name} {key}": moment.detach().cpu().clone().contiguous()
        for name, value in _learned(network, optimizer)
        for key, moment in optimizer.state[value].items()
    }


def _learned(network: Network, optimizer: Any) -> list[tuple[str, torch.Tensor]]:
    held = {id(value) for group in optimizer.param_groups for value in group["params"]}
    return [(name, value) for name, value in network.named_parameters() if id(value) in held]
