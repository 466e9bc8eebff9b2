"""Whom the bridge asked, everywhere and at a place."""
