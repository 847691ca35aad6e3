"""The commands of `python -m cexio`, one a file. Nothing is imported here.

outcome   exit statuses, and what a command has to say
words     words that more than one command takes, checked
table     tables: rich on a terminal, plain elsewhere
check     what a key may do, measured from here
explain   a raw error text to its cause and the next step
steps     the guide's six steps with your values
"""
