"""Changes on the ground floor."""
