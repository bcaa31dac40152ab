"""Finds the engine also when pytest is run by hand."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
