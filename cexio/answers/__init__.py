"""What the exchange answers, as frozen models by topic. Nothing is imported here.

reply     what all of them share
account   fees, volume, sub-accounts, balances
orders    orders, their acceptance, the acknowledgement of a cancel
funds     transfers, addresses, what moved
market    time, pairs, currencies, prices, candles
"""
