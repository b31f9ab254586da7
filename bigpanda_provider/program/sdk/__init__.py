"""The private parts of Pulumi's SDK and of Python that the program's process uses; no other module of it does.

Each docstring says what a door is for, and what is done where it is closed: none of them raises then. All were seen in
SDK 3.260 to 3.272. `tests/test_sdk_program.py` has a test for each; it fails by name when a new SDK closes one.
"""
