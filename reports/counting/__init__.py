"""From facts to figures: sets, counts, intervals, cohorts, limits and what goes with what."""
