"""`python -m pipeline.cli`: the `altiplano` command without its script."""

from pipeline.cli.main import main

if __name__ == "__main__":
    main()
