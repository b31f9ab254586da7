"""release.yaml -> releases.

document    its lines
variables   its ${NAME}
entries     its keys, and the schema for editors
releases    which releases it makes
"""
