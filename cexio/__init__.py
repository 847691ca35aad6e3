"""The exchange CEX.IO (Spot Trading API): signing, client, probes and verdicts.

Knows nothing of Pulumi or AWS. Nothing is imported here, so that a program that needs one part
pays for that part alone:

    permissions   the guide's four permissions and the Spot levels, both ways
    credentials   key and secret, shape-checked, never printed
    signing       the signature of REST and WebSocket, and the httpx.Auth that applies it
    errors        the error tree, by cause
    causes        what an answer means: a table of documented texts (causes.json)
    client        synchronous REST client over IPv4
    websocket     one private login over WebSocket: the diagnosis that tells four causes apart
    probes        the plan of requests that proves a key without trading or moving anything
    measurement   answers to a plan, as taken from here or reported by the host's program
    vantage       runs a plan from this process
    judgement     the models of a verdict
    findings      each permission and the whitelist, from single answers
    diagnosis     why a key check did not succeed: the one thing at fault
    refusal       a verdict that promotes nothing, with its line
    order_alarm   what became of an order probe that was not rejected
    verdicts      `judge`: measurements in, verdict out; pure
    proving       one key proven from two places: host, here, host
"""
