"""The sandbox's AWS: moto in server mode, corrected where it is laxer than AWS.

`server` starts it, `edition` puts the corrections in front of moto's own answers, `corrections/` holds one
correction a file, `agent/` acts for the instances. It holds one account in one region, keeps everything in
memory, listens on loopback only, and is no general AWS: what neither moto nor a correction answers is
refused in one plain line.
"""
