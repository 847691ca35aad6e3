"""AWS's list prices of us-east-1, where a message names one."""

from __future__ import annotations

ADDRESS = "about $3.65 a month"  # $0.005 an hour for every public IPv4 address, used or idle
