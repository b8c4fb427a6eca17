"""Local services: what runs on this machine beside the program."""
