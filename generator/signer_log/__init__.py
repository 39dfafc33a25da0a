"""The signer's log on the site: the copy as it was fetched, audited by the build, and pages about it."""
