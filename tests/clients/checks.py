"""What the scripts of this folder share: every function of a script that is not a helper is a check."""

import inspect
import sys
import traceback

MODELS = ["sim/small", "sim/claude", "sim/gemini"]
"""One deployment of each dialect, all of them the same fake."""

PROVIDERS = [*MODELS, "sim/responses", "sim/mistral", "sim/cohere", "sim/bedrock"]
"""The same with dialects that no client speaks."""

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A picture of one pixel, PNG in base64."""


def run(module, helpers=(), cases=()):
    """Runs every check of the module, those with a parameter once for each case, and exits with 1 when one fails.

    A case is a name and a value.
    """
    found = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    checks = [value for value in found if inspect.isfunction(value) and value.__name__ not in helpers]
    passed = failed = 0
    for check in checks:
        name = check.__name__.replace("_", " ")
        broken = []
        for case, arguments in [(case, (value,)) for case, value in cases] if takes_case(check) else [("", ())]:
            try:
                check(*arguments)
            except Exception as error:
                broken.append((case, error))
        print("FAILED " if broken else "ok     ", name)
        for case, error in broken:
            print(f"  {case}" if case else "", end="\n" if case else "")
            traceback.print_exception(error, limit=-3, chain=False, file=sys.stdout)
        failed += bool(broken)
        passed += not broken
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


def takes_case(check):
    return bool(inspect.signature(check).parameters)
