"""The figures: pure functions from facts and answers to small frozen results, one question each."""
