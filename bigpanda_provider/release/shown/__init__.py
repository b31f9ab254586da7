"""What is shown: lines and tables to people, JSON to scripts.

report      what is reported of releases; lines: to people, json_lines: to scripts
display     where lines are shown, and what is under way
table       tables that fit the terminal; listing: those of deployments
paused      that a flush waits
"""
