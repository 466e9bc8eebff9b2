"""What can be taken along: files, a report, a link."""
