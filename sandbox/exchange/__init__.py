"""A stand-in for the CEX.IO Spot exchange: REST, WebSocket, keys, and nothing that leaves this machine.

What the real exchange is known to say is quoted to the byte; what nobody knows is a switch
(`switches.py`), because a client that works under one guess only is wrong. It does not imitate a real
market: prices are a function of the clock, and orders meet that price alone, never each other.
"""
