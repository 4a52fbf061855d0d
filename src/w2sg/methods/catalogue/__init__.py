"""The named methods: one file for each paper or idea, all loaded: there is no list to keep."""

from importlib import import_module
from pkgutil import iter_modules

for _module in sorted(iter_modules(__path__), key=lambda module: (module.name != "burns", module.name)):
    import_module(f"{__name__}.{_module.name}")
