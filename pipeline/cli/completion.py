"""`altiplano completion`: what a shell completes commands and options from."""

from __future__ import annotations

from typing import Literal

from pipeline.cli.output import say
from stages.core.atomic import write_bytes

Shell = Literal["bash", "zsh", "fish"]


def completion(shell: Shell, /, *, out: str | None = None) -> None:
    """Print a script that completes all commands and options, for a shell to read when it starts.

    It takes some seconds, and is made anew after an upgrade. bash: `altiplano completion bash --out
    ~/.local/share/bash-completion/completions/altiplano`; zsh: a file `_altiplano` in a folder of $fpath; fish:
    `~/.config/fish/completions/altiplano.fish`.

    Parameters
    ----------
    shell
        which one reads it
    out
        file to write it to, in place of standard output
    """
    from pipeline.cli.main import make_app

    script = make_app().generate_completion(prog_name="altiplano", shell=shell)
    if out is None:
        for line in script.splitlines():
            say(line)
        return
    write_bytes(out, script.encode())
    say(f"{out}: a new {shell} completes `altiplano` by it")
