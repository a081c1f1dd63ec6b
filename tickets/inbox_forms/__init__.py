"""The forms of an inbox's settings, one for each tab (tickets/settings_tabs.py)."""
