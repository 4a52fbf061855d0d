"""The disanalogies of the package, one file for each kind of dial."""
