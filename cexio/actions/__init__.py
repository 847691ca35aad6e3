"""Every action of the reference as a method with typed parameters and a typed answer, by topic.

Names are the exchange's own, so that its reference can be read beside. Each topic is a class that both
clients inherit (see `cexio.call`). Nothing is imported here.
"""
