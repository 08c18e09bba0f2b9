"""The folders are the pipeline: a stage imports to its left only, and what sits on top never meets."""

from tests.laws.code import Module, modules

GROUND = {f"curator.{name}" for name in ("settings", "errors", "tokens", "doorbell", "logs", "assets", "db")}

# What a stage may import besides the ground and itself: everything to its left along the pipeline.
STAGES = {
    "accounts": "",
    "sources": "accounts",
    "issues": "accounts sources",
    "editions": "accounts sources issues",
    "audience": "accounts",
    "delivery": "accounts sources issues editions audience",
    "events": "accounts sources issues editions audience delivery",
    "reports": "accounts sources issues editions audience delivery events",
}
EVERY_STAGE = " ".join(STAGES)

# What sits on top. Web, cli and workers start each other as processes, never by import.
TOP = {
    "curator.embedded": "",
    "curator.web": f"{EVERY_STAGE} embedded",
    "curator.demo": f"{EVERY_STAGE} embedded",
    "curator.cli": f"{EVERY_STAGE} embedded demo",
    "workers": f"{EVERY_STAGE} embedded",
}
# The ground's own registry of tables loads the models by name, so nothing has to be allowed for it.
ALLOWED = {f"curator.{stage}": names for stage, names in STAGES.items()} | TOP


def forbidden(module: Module) -> list[str]:
    """The imports of ours this module may not have."""
    own = {module.part, *GROUND}
    if module.part in GROUND or module.part == "curator":
        allowed = GROUND
    else:
        allowed = own | {f"curator.{name}" for name in ALLOWED[module.part].split()}
    found = []
    for name in module.imports():
        parts = name.split(".")
        target = ".".join(parts[:2]) if parts[0] == "curator" else parts[0]
        if parts[0] in ("curator", "workers") and len(parts) > 1 and target not in allowed:
            found.append(name)
    return found


def test_imports_go_leftwards() -> None:
    assert {module.name: found for module in modules() if (found := forbidden(module))} == {}


def test_every_folder_has_its_place() -> None:
    parts = {module.part for module in modules() if module.path.name == "__init__.py"} - {"curator"}
    assert parts - GROUND == set(ALLOWED)
