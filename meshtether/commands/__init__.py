"""The subcommands, one file each; what a command runs is imported when it runs."""
