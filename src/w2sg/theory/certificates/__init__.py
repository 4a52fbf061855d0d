"""Certificates: bounds that hold with probability 1 - delta, one file for each kind of sample."""
