"""Bounds that hold with probability 1 - delta at any sample size: of means and shares, of sets' coverage, of heads."""
