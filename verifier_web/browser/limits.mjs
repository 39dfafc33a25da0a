// Caps on what a reader may hand in or a site may serve: the same figures as vaultproof/evidence/files.py, which a test
// holds equal.  They are checked here too, so that a browser never reads what Python would refuse anyway.

export const MAX_FILES = 10_000;
export const MAX_TOTAL_BYTES = 256 * 1024 * 1024;
