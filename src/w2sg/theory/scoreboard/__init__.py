"""The scoreboard: every theory held against the same runs."""
