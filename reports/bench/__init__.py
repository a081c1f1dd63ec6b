"""`manage.py bench`: how fast we are, each figure beside its floor measured in the same run. docs/performance.md."""
