"""Pages of the workspace: each finds, calls one operation, answers."""
