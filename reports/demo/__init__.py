"""A believable company with a year of history, for looking around and for benchmarks.

`words` knows what customers and agents write, `rhythm` when, `life` how one ticket goes; all three are pure.
`company` makes the people and inboxes, `plan` remembers what is written already, `writing` copies it into the database.
"""
