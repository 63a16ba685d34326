"""Measurements of Backprose, against code written by hand and against other tools; README.md has the commands."""
