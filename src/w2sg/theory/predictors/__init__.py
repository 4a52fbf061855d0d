"""Predictors of generalization: one file for each family of results."""
