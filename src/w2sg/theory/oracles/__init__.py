"""Oracles: the world of each theory, in closed form and simulated."""
