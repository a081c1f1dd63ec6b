"""The fault matrix of docs/reliability.md: real processes are killed and cut off; one ledger looks after."""
