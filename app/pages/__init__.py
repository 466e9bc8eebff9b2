"""What each tab shows of one analysis: plain functions from numbers to the value of a viewer.

These modules import torch. The page itself does not: it is served before they are loaded.
"""
