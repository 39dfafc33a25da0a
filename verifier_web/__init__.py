"""The web shells of vaultproof: the in-browser verifier, what packs it, the production headers, a static preview."""
