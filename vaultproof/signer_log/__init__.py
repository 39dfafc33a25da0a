"""The independent signer's public log (Cloudflare's Plexi): what its answers mean, and what follows from all of them.

Without any I/O: bytes and times in, findings out.  A copy of the log is kept by ``vaultproof.mirror``.
"""
