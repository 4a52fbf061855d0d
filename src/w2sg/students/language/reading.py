"""Networks that are asked and not trained: hidden states of a frozen model, and the words that it would say."""

from w2sg.core import InputError
from w2sg.students.language.devices import READY_BYTES, Place
from w2sg.students.language.loading import Loaded, load
from w2sg.students.language.network import Network, Read
from w2sg.students.memo import Memo

_ready: Memo[Network] = Memo(READY_BYTES)


def frozen_network(model: str, layers: int | None, read: Read, place: Place) -> Network:
    """Return a network to read states with."""
    # Its one output is never asked for: only states are read.
    network = Network(load(model, layers=layers), 1, read, half=place.half)
    network.to(place.device)
    return network


def reading_network(name: object, model: str, answers: tuple[str, ...], place: Place) -> Network:
    """Return a network whose outputs are the logits of the answers' words; the last one is held ready under `name`."""

    def make() -> Network:
        loaded = load(model, words=True)
        network = Network(loaded, len(answers), "last", half=place.half)
        network.say(answer_tokens(loaded, answers))
        network.to(place.device)
        return network

    return _ready.get(name, make, lambda _: READY_BYTES)


def answer_tokens(loaded: Loaded, answers: tuple[str, ...]) -> list[int]:
    """Return the one token of each answer.

    Raises:
        InputError: If an answer is more than one token, or two answers are the same one.
    """
    tokens = []
    for answer in answers:
        numbers = loaded.tokenizer(answer, add_special_tokens=False)["input_ids"]
        if len(numbers) != 1:
            pieces = loaded.tokenizer.convert_ids_to_tokens(numbers)
            raise InputError(
                f"answers: {answer!r} is {len(numbers)} tokens for {loaded.name!r} ({', '.join(map(repr, pieces))}), "
                "one is needed: try it with a space before it, or a shorter word"
            )
        # One token each, so that one look at the next word's probabilities answers; several would need a product along
        # each answer, and longer answers would lose by their length.
        tokens.append(int(numbers[0]))
    if len(set(tokens)) < len(tokens):
        raise InputError(f"answers {list(answers)} must be different tokens for {loaded.name!r}")
    return tokens
