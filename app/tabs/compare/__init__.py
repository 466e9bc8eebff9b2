"""Two photos, networks or interventions side by side."""
