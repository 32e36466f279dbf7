"""`python -m meshtether`: the same as the installed command."""

from meshtether.cli import main

if __name__ == "__main__":
    main()
