"""Signals: what a supervisor gives and a student answers, in a closed set of variants, one file for each."""
