"""w2sg: a laboratory for weak-to-strong generalization."""
