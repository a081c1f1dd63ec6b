"""The only code that changes anything about surveys."""
