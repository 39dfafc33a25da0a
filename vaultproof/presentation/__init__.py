"""From a report to words: one vocabulary and one set of view models for page, command line and browser."""
