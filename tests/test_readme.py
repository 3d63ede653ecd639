"""What the README tells a new user to type is what the demo does."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def test_the_demo_does_every_command_of_the_readme() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    demo = (REPOSITORY / "scripts" / "demo").read_text()
    shown = readme[readme.index("## Run") : readme.index("## Look at a program")]
    commands = re.findall(r"^\$ (.+)$", shown, re.MULTILINE)
    assert len(commands) > 15
    assert [command for command in commands if command not in demo] == []
