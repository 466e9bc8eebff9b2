"""Who moves whom, beside what attention says."""
