"""The commands, one in a module: what each takes on its command line, and how it prints what it found."""
