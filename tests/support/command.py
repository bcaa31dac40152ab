"""Other programs, which must do what they are asked."""

import subprocess


def run(*command, **kwargs):
    """What it prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False, **kwargs)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
