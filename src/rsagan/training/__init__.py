"""Training: the loop, its losses, recipes, checkpoints and log; adapting to one person; the parser."""
