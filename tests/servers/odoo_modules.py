"""Prints the Odoo modules that installing the named ones pulls in: their dependencies, and every module that
installs itself once all that it waits for is there. usage: odoo_modules.py ADDONS_FOLDER MODULE..."""

import ast
import pathlib
import sys

# Loaded by every Odoo server, whatever is installed.
SERVER_WIDE = ["base", "web", "rpc"]


def manifests(addons):
    found = {}
    for path in addons.glob("*/__manifest__.py"):
        manifest = ast.literal_eval(path.read_text())
        if manifest.get("installable", True):
            found[path.parent.name] = manifest
    return found


def needs(manifest):
    return manifest.get("depends") or ["base"]


def waits_for(manifest):
    auto = manifest.get("auto_install", False)
    if isinstance(auto, (list, tuple, set)):
        return set(auto)
    return set(needs(manifest)) if auto else None


def installs_itself(manifest, chosen):
    waited = waits_for(manifest)
    return waited is not None and waited <= chosen and not manifest.get("countries")


def closure(known, wanted):
    chosen, queue = set(), list(wanted)
    while queue:
        while queue:
            name = queue.pop()
            if name not in chosen:
                chosen.add(name)
                queue.extend(needs(known[name]) if name != "base" else [])
        queue = [name for name in known if name not in chosen and installs_itself(known[name], chosen)]
    return chosen


def main():
    known = manifests(pathlib.Path(sys.argv[1]))
    print("\n".join(sorted(closure(known, SERVER_WIDE + sys.argv[2:]))))


main()
