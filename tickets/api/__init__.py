"""Tickets for programs: each endpoint finds, calls one operation, answers."""
