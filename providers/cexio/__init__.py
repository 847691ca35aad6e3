"""Dynamic providers for the exchange's side: the whitelist record and the trading key.

whitelist         the record; never calls the exchange
whitelist_steps   what only a person can do, as numbered steps
trading_key       stages, proves and promotes the key that the bot reads
proof             asks from the host, from here and from the host again
offered_key       the key that the operator offers for this run
stored_key        the form in which Secrets Manager holds it
source_address    which addresses the exchange can see
"""
