"""What HTML would cost its parser: tags read and the parser's open elements followed, no tree made."""
