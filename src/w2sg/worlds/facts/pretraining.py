"""Pretraining small language models on the corpus of a fact world, as steps of the graph."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import AnyArray, FloatArray, IntArray, MissingExtraError, derive, register
from w2sg.graph import Artifact, Inputs, Step
from w2sg.worlds.facts.corpus import Corpus
from w2sg.worlds.facts.universe import FactWorld
from w2sg.worlds.facts.words import ASKS, END, FIRST_PERSON, NO, YES

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel

STORED = np.float16
"""How weights are kept: half the bytes; scores are those of the weights as they are kept."""
PLACES = 32
"""Tokens that a model can read: more than a document has, so that examples fit before a question."""


@final
@register()
class Pretraining(Step):
    """A causal transformer trained on the documents of a world: its weights, and what it then knows.

    The architecture is GPT-2's (pre-norm, tied embeddings, learned positions). AdamW with a cosine schedule; every step
    sees new documents. The artifact's arrays are the weights by name.
    """

    kind: Literal["pretraining"] = "pretraining"
    world: FactWorld = Field(FactWorld(), description="whose corpus it reads")
    width: int = Field(64, ge=4, le=512, multiple_of=4, description="size of the hidden states")
    layers: int = Field(4, ge=1, le=16, description="number of layers")
    steps: int = Field(3000, ge=1, description="steps of training")
    documents: int = Field(256, ge=1, description="documents in a step")
    rate: float = Field(3e-3, gt=0, description="highest learning rate")
    warm_up: int = Field(100, ge=0, description="steps in which the rate grows from 0")
    decay: float = Field(0.01, ge=0, description="decoupled weight decay")
    learns: Literal["known", "all"] = Field(
        "known", description="words that the loss is on: those that can be known, objects and verdicts, or all"
    )

    @property
    def heads(self) -> int:
        """Attention heads."""
        return 4

    @property
    def place(self) -> str:
        """Each by itself: trainings share nothing, and go to different workers."""
        return self.digest()

    def compute(self, inputs: Inputs) -> Artifact:
        """Train and score.

        Raises:
            MissingExtraError: If torch or transformers is not installed.
        """
        try:
            import torch
        except ImportError:
            raise MissingExtraError("transformers (with torch)", "lm") from None
        corpus, rng = Corpus(self.world), derive(self.seed, "pretraining", "documents")
        with torch.random.fork_rng():
            torch.manual_seed(int(derive(self.seed, "pretraining", "weights").integers(2**63)))
            model = network(self)
        model.train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=self.rate, betas=(0.9, 0.98), weight_decay=self.decay)
        losses = []
        for step in range(self.steps):
            for group in optimizer.param_groups:
                group["lr"] = self.rate * self._schedule(step)
            loss = self._loss(model, torch.from_numpy(corpus.draw(self.documents, rng)))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        weights = {name: value.detach().numpy().astype(STORED) for name, value in model.named_parameters()}
        restore(model, weights)
        last = max(1, self.steps // 20)
        record = {
            "scores": {**scores(model, self.world), "loss": float(np.mean(losses[-last:]))},
            "corpus": corpus.digest,
            "parameters": sum(value.size for value in weights.values()),
        }
        return Artifact(weights, record)

    def _schedule(self, step: int) -> float:
        """Return the share of the highest rate at a step: a line up, then half a cosine down to 0."""
        grown = min(1.0, (step + 1) / max(1, self.warm_up))
        return grown * 0.5 * (1 + math.cos(math.pi * step / self.steps))

    def _loss(self, model: "GPT2LMHeadModel", documents: Any) -> Any:
        """Return the mean cross-entropy of the next word; what fills a document up is not learned.

        Which subject, relation or person comes next is chance. Learning that as well takes no more than their
        frequencies, and its noise keeps a small model from judging truth for a long time: docs/explanation/empirical.md
        has both.
        """
        import torch

        states, nexts = model.transformer(input_ids=documents[:, :-1]).last_hidden_state, documents[:, 1:]
        learned = nexts != 0
        if self.learns == "known":
            world, asked = self.world, (documents == ASKS).any(dim=1, keepdim=True)
            things = (nexts >= world.first_object) & (nexts < world.first_object + world.objects)
            learned = (things & ~asked) | (nexts == YES) | (nexts == NO)
        return torch.nn.functional.cross_entropy(model.lm_head(states[learned]), nexts[learned])


def network(training: Pretraining) -> "GPT2LMHeadModel":
    """Return the untrained transformer."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=len(training.world.words),
        n_positions=PLACES,
        n_embd=training.width,
        n_layer=training.layers,
        n_head=training.heads,
        activation_function="gelu_pytorch_tanh",
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        use_cache=False,
    )
    return GPT2LMHeadModel(config)


def restore(model: "GPT2LMHeadModel", weights: Mapping[str, AnyArray]) -> None:
    """Put weights into a model, by name."""
    import torch

    with torch.no_grad():
        for name, value in model.named_parameters():
            value.copy_(torch.from_numpy(np.asarray(weights[name], dtype=np.float32)))


def scores(model: "GPT2LMHeadModel", world: FactWorld) -> dict[str, float]:
    """Return what a model knows of its world, as shares of right answers.

    `recall` is over all facts: the object said next after a person, the subject and the relation; `recall_head` and
    `recall_tail` over the first and the last tenth of subjects. `verdicts_told` and `verdicts_asked` are over one true
    and one false statement about each fact: whether it says yes or no rightly, of told subjects and of the task's.
    """
    import torch

    subject, relation = (grid.ravel() for grid in np.indices(world.truth.shape))
    rng = derive(0, "fact-world", "scores")
    right = world.truth[subject, relation]
    wrong = (right + rng.integers(1, world.objects, size=right.shape)) % world.objects
    model.eval()

    def last(thing: IntArray | None) -> FloatArray:
        columns = [np.full(len(subject), FIRST_PERSON), world.first_subject + subject, world.first_relation + relation]
        if thing is not None:
            columns += [world.first_object + thing, np.full(len(subject), ASKS)]
        with torch.inference_mode():
            logits = model(input_ids=torch.from_numpy(np.stack(columns, axis=1))).logits[:, -1]
        return np.asarray(logits.numpy())

    objects = slice(world.first_object, world.first_object + world.objects)
    recalled = last(None)[:, objects].argmax(axis=1) == right
    says_yes = [said[:, YES] > said[:, NO] for said in (last(right), last(wrong))]
    judged = (says_yes[0] * 1.0 + ~says_yes[1]) / 2
    tenth = max(1, world.subjects // 10)
    told = world.told[subject]
    return {
        "recall": float(recalled.mean()),
        "recall_head": float(recalled[subject < tenth].mean()),
        "recall_tail": float(recalled[subject >= world.subjects - tenth].mean()),
        "verdicts_told": float(judged[told].mean()),
        "verdicts_asked": float(judged[~told].mean()),
    }


def write_model(training: Pretraining, weights: Mapping[str, AnyArray], folder: Path) -> None:
    """Write a model as a folder that any library of language models reads: safetensors, configuration, tokenizer."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = network(training)
    restore(model, weights)
    model.half().save_pretrained(folder)
    words = {word: token for token, word in enumerate(training.world.words)}
    plain = Tokenizer(models.WordLevel(words, unk_token=END))
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain, eos_token=END, bos_token=END, unk_token=END, model_max_length=PLACES
    )
    tokenizer.save_pretrained(folder)
    # Of no use to a reader of the model, and with a version in it that changes.
    (folder / "generation_config.json").unlink(missing_ok=True)
    for file in folder.iterdir():
        file.chmod(0o644)
