"""The other systems behind the same interface, one file each, named as in the field's tables."""
