"""Pages: for each kind a typed model, made from reports and evidence, and the one template that shows it."""
