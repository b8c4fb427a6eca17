"""Imported first by a plugin's executable: a quick start, and Pulumi's protocol messages without the rest of its SDK.

Every preview waits for the plugins to start, one after the other. They speak the protocol and run no program: without
the SDK an import takes 0.09 s less. Only an executable may do this: afterwards `import pulumi` is not the SDK.
"""

import gc
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")
"""Packages whose `__init__` is not run; their modules are found as ever."""

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would read every package's metadata, in 0.01 s

gc.disable()  # until it serves: modules are no garbage, and looking for some among them takes 0.03 s

_spec = importlib.util.find_spec("pulumi")
if _spec and _spec.origin and "pulumi" not in sys.modules:
    _root = Path(_spec.origin).parent
    for _name in PACKAGES:
        _module = ModuleType(_name)
        _module.__path__ = [str(_root.joinpath(*_name.split(".")[1:]))]
        sys.modules[_name] = _module
