"""The fact world: its universe, its corpus, the pretraining on it, and the ladder of models that come with it."""
