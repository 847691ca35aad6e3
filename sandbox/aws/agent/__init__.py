"""What acts for an instance: user data, metadata service, and the programs of the host, really run.

A host's program runs under a real Python, standard library only, with every connection bound to the
instance's Elastic IP. Anything that cannot be bound is refused, not run unbound. There is no operating
system: runcmd, systemd units and packages of the user data are not acted upon.
"""
