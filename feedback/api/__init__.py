"""Feedback for programs."""
