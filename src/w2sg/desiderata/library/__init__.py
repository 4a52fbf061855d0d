"""The library: named desiderata of four families, each with its formula and source."""
