"""The matrix of verdicts: every situation of a key, under every setting of what is unknown, from two places.

    unknowns     what nobody knows of the exchange, as settings of the stand-in
    situations   what can be wrong with key, clock, network or exchange, and the verdict it should have
    stand        the stand-in exchange in this process, and one key's answers from host and elsewhere
    trials       runs situations under settings and counts what came of it

`python -m tests.cexio.matrix` prints it as a table. What the exchange itself counts (orders resting, funds
moved) is read from its store after the last request.
"""
