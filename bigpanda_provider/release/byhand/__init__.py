"""One event by hand, for scripts: the start now, its end by a later call.

events      sends them; place: which of them are sent in their order
sought      which start is ended; unmatched: why none is
handed      what is said of an event
"""
