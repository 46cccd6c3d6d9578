"""What the scripts of this folder share: every function of a script that is not a helper is a check."""

import sys
import traceback

MODELS = ["sim/small", "sim/claude", "sim/gemini"]
"""One deployment of each dialect, all of them the same fake."""


def run(module, helpers=()):
    """Runs every check of the module and exits with 1 when one fails."""
    found = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    checks = [value for value in found if callable(value) and value.__name__ not in helpers]
    failed = 0
    for check in checks:
        name = check.__name__.replace("_", " ")
        try:
            check()
            print(f"ok      {name}")
        except Exception:
            failed += 1
            print(f"FAILED  {name}")
            traceback.print_exc()
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
