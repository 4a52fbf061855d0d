"""The factors of the package, one file for each group: what each is, and what theory predicts of it."""
