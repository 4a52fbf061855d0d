"""Deception analogs: students that were trained to deceive in a known way, and detectors that look for it."""
