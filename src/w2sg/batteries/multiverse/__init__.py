"""The multiverse of a study: what its findings would have been, had the analyst chosen otherwise."""
