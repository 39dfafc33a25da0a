"""From evidence to pages, and rehearsals of evidence: a shell around the core that owns no judgement about trust."""
