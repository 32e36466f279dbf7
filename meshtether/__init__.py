"""The front door: command line, option table, logging and the demo."""
