"""Evidence that is fetched: a closed hour's series of each region's metrics store, as sights of pods in the ledger."""
