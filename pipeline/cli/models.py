"""`altiplano models fetch`: downloads of models that stages need."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from pipeline.cli.output import say
from stages.models.find import fetch_model, models_folder

app = App(name="models", help="Models that the stages need.")


@app.command
def fetch(name: str, /, *, folder: Path | None = None) -> None:
    """Download a model and check its SHA-256.

    Parameters
    ----------
    name
        lid.176: fastText's language identification
    folder
        where to keep it (default: $ALTIPLANO_MODELS, else models/)
    """
    say(str(fetch_model(name, folder or models_folder())))
