"""From events to facts: each ticket and each asking folded into a row, and the rows kept column by column."""
